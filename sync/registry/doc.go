// Package registry holds the words of the trade: what an application, a decision, a number and an IIN are, and the
// directory of regions, key storages, texts and reasons that the centre can replace.
//
// It promises that every document has exactly one encoding: what ParseApplication and ParseDecision accept,
// Encode gives back byte for byte, so a hash or a signature over the bytes is one over the meaning. It is pure: no disk,
// no network, no clock, no other package of ours.
//
// Documents hold personal data (IIN, name, e-mail). Their types therefore have no String method and must not be logged;
// errors of this package name fields, never values.
package registry
