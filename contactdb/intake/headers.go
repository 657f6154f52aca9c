package intake

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"apel/contactdb"
)

// Fields that a column can mean; every other column is a free field.
const (
	fieldPhone     = "phone"
	fieldName      = "name"
	fieldFirstName = "first_name"
	fieldLastName  = "last_name"
	fieldEmail     = "email"
	fieldCity      = "city"
	fieldZone      = "zone"

	fieldIgnored = "\x00ignored" // of our own export: see ours

	fieldExternalID     = "external_id"
	fieldClient         = "client"
	fieldLanguage       = "language"
	fieldTags           = "tags"
	fieldNotes          = "notes"
	fieldConsent        = "consent"
	fieldConsentAt      = "consent_at"
	fieldConsentSource  = "consent_source"
	fieldConsentText    = "consent_text"
	fieldConsentExpires = "consent_expires"
)

// headerNames are what files call a field, in the form of plain: lower case,
// no diacritics, letters and digits only.
var headerNames = map[string][]string{
	fieldPhone: {
		"phone", "phones", "phonenumber", "phoneno", "phonenr", "phonemobile", "phonehome", "phonework",
		"telephone", "telephonenumber", "telephoneno", "tel", "telno", "telnr", "telnumber",
		"mobile", "mobilephone", "mobilenumber", "mobileno", "mobiletelephone", "mob", "gsm", "msisdn",
		"cell", "cellphone", "cellular", "cellnumber", "contactnumber", "contactphone", "homephone", "workphone",
		"businessphone", "primaryphone", "customerphone", "clientphone", "dialnumber",
		"telefon", "telefoane", "telefonul", "telefonmobil", "telefonfix", "telmobil", "telfix",
		"nrtelefon", "nrtel", "nrdetelefon", "nrdetel", "nrmobil", "numartelefon", "numardetelefon", "numaruldetelefon",
		"numartel", "numarmobil", "numarcontact", "mobil", "celular", "telefoncontact", "telefondecontact",
		"telefonclient", "telefonacasa", "telefonserviciu", "telacasa", "telserviciu", "telefonbirou", "telefondeserviciu", "telefonmunca",
		"alternatephone", "secondphone", "secondaryphone", "otherphone", "phoneother", "officephone", "landline", "telephonehome", "telephonework",
		"telefonalternativ", "telefonsecundar", "alttelefon", "telefonaltul", "mobilpersonal", "mobilserviciu", "telefondomiciliu",
	},
	fieldName: {
		"name", "fullname", "completename", "contactname", "customername", "clientname", "personname",
		"nume", "numele", "numecomplet", "numelecomplet", "numesiprenume", "numeprenume", "prenumesinume",
		"prenumenume", "numelesiprenumele", "numeclient", "numecontact",
	},
	fieldFirstName: {"firstname", "first", "givenname", "forename", "prenume", "prenumele", "prenumeclient"},
	fieldLastName:  {"lastname", "last", "surname", "familyname", "secondname", "numedefamilie", "numelefamilie", "numefamilie", "numeledefamilie"},
	fieldEmail:     {"email", "mail", "emailaddress", "emailid", "mailaddress", "adresaemail", "adresadeemail", "adresademail", "adresamail"},
	fieldCity:      {"city", "town", "cityname", "cityortown", "oras", "orasul", "localitate", "localitatea", "municipiu", "municipiul", "orassaucomuna"},
	// A column "id" is no external id unasked: it is as often the row's number,
	// and would make strangers of another file into updates of these.
	fieldExternalID: {"externalid", "externalkey", "idextern", "customerid", "customerno", "customernumber", "clientid", "clientno", "clientnumber",
		"crmid", "leadid", "recordid", "accountid", "accountnumber", "codclient", "codulclient", "idclient", "nrclient", "numarclient", "codabonat", "idabonat"},
	fieldClient:   {"principal", "onbehalfof", "campaignclient", "beneficiar", "mandant"},
	fieldLanguage: {"language", "lang", "preferredlanguage", "limba", "limbavorbita", "limbapreferata", "limbadecontact"},
	fieldTags:     {"tags", "tag", "labels", "label", "etichete", "eticheta", "etichetele"},
	fieldNotes:    {"notes", "comments", "comment", "remarks", "remark", "comentarii", "comentariu", "mentiuni", "notite"},
	fieldConsent: {"consent", "consentkind", "consenttype", "consentstatus", "optin", "marketingconsent", "gdprconsent", "permission",
		"consimtamant", "consimtamantul", "consimtamantmarketing", "consimtamantgdpr", "tipconsimtamant", "acord", "acordgdpr", "acordmarketing", "acordulgdpr", "gdpr"},
	fieldConsentAt: {"consentat", "consentdate", "consenttime", "consenton", "consentgiven", "optindate", "optinat", "dateofconsent",
		"dataconsimtamant", "dataconsimtamantului", "dataconsimtamantgdpr", "dataacord", "dataacordului", "dataacordgdpr", "consimtamantdata"},
	fieldConsentSource: {"consentsource", "consentfrom", "consentchannel", "optinsource", "sourceofconsent",
		"sursaconsimtamant", "sursaconsimtamantului", "sursaacord", "sursaacordului", "canalconsimtamant"},
	fieldConsentText: {"consenttext", "consentversion", "consenttextversion", "textversion", "versiuneconsimtamant", "versiunetext",
		"versiuneatextului", "textconsimtamant", "versiuneacord"},
	fieldConsentExpires: {"consentexpires", "consentexpiry", "consentexpiration", "consentuntil", "consentvaliduntil", "consentend", "consentexpiresat",
		"expirareconsimtamant", "expiraconsimtamant", "consimtamantexpira", "consimtamantpanala", "expirareacord", "expiraacord", "acordexpira", "acordpanala", "acordvalabilpanala", "expirareaacordului", "dataexpirariiacordului", "dataexpirareacord", "valabilitateacord", "valabilitateconsimtamant", "dataexpirariiconsimtamantului"},
	fieldZone: {"zone", "timezone", "tz", "tzname", "ianazone", "ianatimezone", "fusorar", "fusulorar", "fus", "zonaorara"},
}

// fieldNames are all fields, in the order in which help lists them.
var fieldNames = []string{fieldPhone, fieldName, fieldFirstName, fieldLastName, fieldEmail, fieldCity, fieldZone, fieldExternalID, fieldClient,
	fieldLanguage, fieldTags, fieldNotes, fieldConsent, fieldConsentAt, fieldConsentSource, fieldConsentText, fieldConsentExpires}

// weakNames mean a field only where no column has a clearer name for it: an
// address has a number too, and a client may be one.
var weakNames = map[string][]string{
	fieldPhone: {"number", "no", "nr", "numar", "numarul"},
	fieldName:  {"client", "customer", "titular", "abonat", "contact", "person", "persoana"},
}

var fieldByName = func() map[string]string {
	m := map[string]string{}
	for field, names := range headerNames {
		for _, n := range names {
			m[n] = field
		}
	}
	return m
}()

// fieldNamed returns the field that a header names, "" for none. Phones may be
// numbered: "Telefon 2".
func fieldNamed(header string) string {
	p := plain(header)
	if f := fieldByName[p]; f != "" {
		return f
	}
	if fieldByName[strings.TrimRight(p, "0123456789")] == fieldPhone {
		return fieldPhone
	}
	return ""
}

// keyNamed returns the field that a key of --map means: also home, work and
// other, for whose phone it is.
func keyNamed(key string) string {
	switch strings.TrimRight(plain(key), "0123456789") {
	case contactdb.Home, contactdb.Work, contactdb.Other:
		return fieldPhone
	}
	for _, field := range fieldNames {
		if plain(field) == plain(key) {
			return field
		}
	}
	return fieldNamed(key)
}

// plain reduces a name to lower-case letters and digits without diacritics, so
// that "Număr de telefon", "NUMAR_DE_TELEFON" and "nr.telefon " compare well.
func plain(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// kindWords say in a header whose phone it is, in the form of plain.
var kindWords = []struct {
	kind  string
	words []string
}{
	{contactdb.Work, []string{"work", "office", "business", "serviciu", "birou", "munca"}},
	{contactdb.Mobile, []string{"mobil", "mob", "gsm", "cell", "celular", "msisdn"}},
	{contactdb.Home, []string{"home", "landline", "acasa", "domiciliu", "fix"}},
	{contactdb.Other, []string{"other", "alternate", "secondary", "alternativ", "secundar", "altul"}},
}

// numberKind is the kind of number that a phone column's name says, "" for none.
func numberKind(header string) string {
	p := plain(header)
	for _, k := range kindWords {
		for _, w := range k.words {
			if strings.Contains(p, w) {
				return k.kind
			}
		}
	}
	return ""
}
