package app

import "slices"

// refusalReasons are the codes by which the centre refuses for good what a terminal had accepted; the words are under "reason.<code>".
// Any other is told as "other".
var refusalReasons = []string{
	"already_filed", "already_reissued", "already_revoked", "bad_signature", "code_expired", "code_required", "conflict", "expired", "key_expired", "key_foreign",
	"key_not_yet_valid", "key_revoked", "key_unchecked", "no_system", "not_offered", "not_signing_key", "other_person", "request-refused",
	"signature_stale", "signature_time", "other",
}

// reasonWords say why the centre refused an application for good, and what to do.
func (k *Kiosk) reasonWords(r Record) (text, hint string) {
	code := r.Reason
	if !slices.Contains(refusalReasons, code) {
		code = "other"
	}
	return k.text("reason." + code + ".text"), k.text("reason." + code + ".hint")
}
