package intake

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
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
		"telefonclient", "telefonacasa", "telefonserviciu",
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
	fieldZone:      {"zone", "timezone", "tz", "tzname", "ianazone", "ianatimezone", "fusorar", "fusulorar", "fus", "zonaorara"},
}

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
