// Package doctor examines a token and its PKCS#11 module on site: what the maker's papers do not say, or say otherwise. A technician plugs in a token
// that he offers for it; step by step it is pulled and plugged, unlocked, given a key and a certificate, and a profile is made of what was found,
// which configures the module's worker from then on ([token.Profile]).
//
// It promises: a step that changes the token, spends a try of its PIN or could erase what is on it is described and agreed to first, and is left out
// otherwise. Whatever key it makes it deletes, also one that an examination before, broken off, has left. A PIN that was typed goes to the token once. Nothing personal is read: no certificate is
// shown, only counted.
//
// What a step finds is well, a thing to look after, or not tried; only the examination itself can fail.
package doctor
