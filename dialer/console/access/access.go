// Package access decides who may do what: roles of people, scopes of machines,
// passwords, secrets, and how often somebody may guess. It keeps nothing and
// speaks to nobody; the console asks it.
package access

import "slices"

// Role is what a person may do here.
type Role string

// The roles. Each sees what the work needs; see the console's table of routes.
const (
	Operator      Role = "operator"      // talks
	TeamLeader    Role = "team-leader"   // sees the floor, steers the operators of the team
	Supervisor    Role = "supervisor"    // steers campaigns, lists, operators
	Compliance    Role = "compliance"    // sees records, recordings, numbers, the audit; steers nothing
	Administrator Role = "administrator" // everything, and accounts
)

// Roles in the order in which pages show them.
var Roles = []Role{Operator, TeamLeader, Supervisor, Compliance, Administrator}

// Known says whether there is such a role.
func (r Role) Known() bool { return slices.Contains(Roles, r) }

// Talks says whether a person of this role also has an operator's place.
func (r Role) Talks() bool { return r == Operator || r == TeamLeader }

// SeesNumbers says whether phone numbers are shown whole to this role. For
// the others all but the last three digits are masked.
func (r Role) SeesNumbers() bool { return r == Compliance || r == Administrator }

// Scope is what a machine's token opens.
type Scope string

// The scopes. None opens accounts, tokens or sessions: a machine makes no keys.
const (
	Read     Scope = "read"     // the floor, campaigns, operators, reports, events
	Contacts Scope = "contacts" // lists, contacts, do-not-call entries
	Steer    Scope = "steer"    // campaigns and operators
	Records  Scope = "records"  // call records, recordings, audit
	Wall     Scope = "wall"     // the floor on a wall: figures, no names, no calls
	Numbers  Scope = "numbers"  // whole phone numbers in what the others show
)

// Scopes in the order in which pages show them.
var Scopes = []Scope{Read, Contacts, Steer, Records, Wall, Numbers}

// Known says whether there is such a scope.
func (s Scope) Known() bool { return slices.Contains(Scopes, s) }
