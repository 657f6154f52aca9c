// Package lab is the far end in a box: a datagram network in memory, a carrier
// behind which a population of callees lives, and operators with SIP phones.
//
// A Persona is a callee as data: how long it rings, which status it ends with,
// what it says, how patient it is, which rules it breaks. A Population draws
// one for each number and attempt, by seed, whatever the order of the calls.
// A Carrier answers SIP and plays the persona; a Phone registers, keeps its leg
// up, talks and presses keys. The dialer learns what a callee is only by what
// comes over SIP and RTP: the truth stays here, in Carrier.Seen.
//
// SIP messages and their parser are sipgo's; the transactions are the lab's
// own, because a far end has to break their rules (a 200 after a CANCEL, two
// answers, swapped responses), and because calls are cheap that way. SDP and
// RTP are read and written here too: a mistake in the dialer's own would
// otherwise be made on both sides and go unseen.
//
// Everything runs inside a synctest bubble over Net, or over real sockets.
package lab
