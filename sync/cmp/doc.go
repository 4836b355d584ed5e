// Package cmp speaks the Certificate Management Protocol: RFC 9810 (version 2 and 3), the lightweight profile RFC 9483, its algorithms RFC 9481,
// certificate requests of RFC 4211 and HTTP transfer of RFC 9811. It holds a client that survives restarts and a server core that
// keeps no state of its own.
//
// What it promises. A [Transaction] can be written down between any two calls; a message that has left is sent again byte for byte until an
// answer came whose protection was verified, so that a lost answer never makes a second request. The [Server] gives the same answer to
// the same bytes. A verdict (a [*StatusError], an [Answer]) always comes from a message whose protection, transactionID and nonces were checked;
// what came without protection is a hint ([ErrUnprotected]) and is to be tried again.
//
// What it stops: changed, replayed, mixed-up and forged messages, and answers signed by somebody who is certified but not a certification
// authority. What it does not stop: someone who can keep messages back, and a centre that lies under its own signature. Personal data is as safe
// from reading as the connection beneath: run it inside TLS.
//
// Bounds: a message has at most [MaxMessage] octets, a MAC at most [MaxIterations] iterations, nesting a depth of 2, every list a
// small number of entries. Secrets are never printed, logged or put into an error; neither are names, which may hold an IIN.
//
// Proof of possession is by signature; raVerified is taken only from a registration authority (extended key usage id-kp-cmcRA).
// Encrypted certificates, central key generation, key agreement and KEM protection are not part of it.
package cmp
