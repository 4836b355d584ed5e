// Package authority is the sandbox certification authority behind the centre: a root, under it an
// issuing CA for RSA and one for GOST, the certificates they sign by profile, their revocation lists
// and an OCSP responder.
//
// It promises: what it signs for a citizen passes pki.CheckIssued before it is handed out; serial
// numbers are 20 octets and positive, drawn, or for GOST the identifier of the key, so that a key is
// certified once; what a CA signs it signs in its own family, its lists and OCSP answers too; all CAs
// say SANDBOX in their names (pki.SandboxMark: by it a training terminal knows an authority it may join) and the policy notice says so in three languages; every name it takes is
// checked before it is signed.
//
// It decides nothing: who may have a certificate, and which is revoked, is the centre's to say and
// to remember. It keeps no state but the keys it was opened with and responder keys that live in
// memory only, so several processes may run on the same material.
//
// It must never see a citizen's private key. Keys of the CAs come and go as PKCS#8; the caller
// stores them where only the centre can read. This protects a sandbox, not a national authority:
// there is no HSM, and the root's key lies beside the issuing CAs'.
package authority
