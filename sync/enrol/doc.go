// Package enrol brings a device to its certificate: [Enrol] for the first one, with the reference and the secret a technician types, and
// [Renew] for each one after it.
//
// How trust begins. Nothing is known at first but the secret. The first message goes over a TLS connection that nobody has verified; it carries no secret,
// only a MAC under it. The answer's MAC proves that it comes from a centre that knows the secret, and the answer brings the centre's
// root (RFC 9483 §4.1.5). Then the TLS server's certificate must lead to that root and be for the address that was typed, and only over a
// connection verified so is the certificate confirmed, which spends the secret. A man in the middle with another certificate is found out before that.
//
// What it promises: the device key is made here and never leaves; an attempt that is cut short can be taken up again from [Progress], with the
// same key and the same octets, so that the secret is not lost with it. Every way to fail has an error of its own.
//
// What it does not stop: someone who knows the secret before the device uses it. The secret is spent, and void after a day or ten wrong tries.
package enrol
