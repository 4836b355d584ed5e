package registry

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind is what an application asks for.
type Kind string

// The kinds. All but the first are signed by the citizen with the signing key he has; so is the first where he filed it on
// the web and confirms it himself.
const (
	KindNew        Kind = "new"                // the first keys of a citizen
	KindReissue    Kind = "reissue"            // new keys for who holds valid ones
	KindRevocation Kind = "revocation"         // the end of certificates
	KindSystem     Kind = "information-system" // a key for an information system of the citizen's
	KindGOST       Kind = "gost"               // a GOST key for who holds RSA ones
)

// Kinds are all of them.
var Kinds = []Kind{KindNew, KindReissue, KindRevocation, KindSystem, KindGOST}

// CertificateRef names a certificate as RFC 5280 §4.1.2.2 does: by its issuer and its serial number.
type CertificateRef struct {
	Issuer []byte `json:"issuer"` // DER of the issuer's Name
	Serial string `json:"serial"` // hex, lower case, whole octets, no zero octet in front
}

func (r CertificateRef) check() error {
	if len(r.Issuer) < 2 || len(r.Issuer) > 1024 || r.Issuer[0] != 0x30 {
		return fmt.Errorf("issuer is no Name in DER")
	}
	if n := len(r.Serial); n == 0 || n > 40 || n%2 != 0 || !hexOf(r.Serial, n/2) || strings.HasPrefix(r.Serial, "00") {
		return fmt.Errorf("serial number is not in hex of whole octets") // RFC 5280 §4.1.2.2: at most 20 octets
	}
	return nil
}

// Revocation names what is to be revoked, and why: a code of the directory's list.
type Revocation struct {
	Certificates []CertificateRef `json:"certificates"`
	Reason       string           `json:"reason"`
}

func (r Revocation) check() error {
	if len(r.Certificates) == 0 || len(r.Certificates) > KeysMax {
		return fmt.Errorf("%d certificates, not 1 to %d", len(r.Certificates), KeysMax)
	}
	if !word(r.Reason, 64) {
		return fmt.Errorf("reason is not a code")
	}
	seen := map[string]bool{}
	for i, c := range r.Certificates {
		if err := c.check(); err != nil {
			return fmt.Errorf("certificate %d: %w", i+1, err)
		}
		if name := c.Serial + string(c.Issuer); seen[name] {
			return fmt.Errorf("certificate %d stands twice", i+1)
		} else {
			seen[name] = true
		}
	}
	return nil
}

// checkKind holds the fields of single kinds against the kind: each has its own and none of another's. Kinds that are not
// known here have none of them; whether such a kind is offered is the centre's to say.
func (a Application) checkKind() error {
	if a.SecondFactor != "" && !hexOf(a.SecondFactor, 16) {
		return fmt.Errorf("second_factor: not 16 octets in lower-case hex")
	}
	if (a.Replaces != nil) != (a.Kind == KindReissue) {
		return fmt.Errorf("replaces: a reissue has it, and no other kind")
	}
	if (a.Revocation != nil) != (a.Kind == KindRevocation) {
		return fmt.Errorf("revocation: a revocation has it, and no other kind")
	}
	if (a.System != "") != (a.Kind == KindSystem) || a.System != "" && !ValidOID(a.System) {
		return fmt.Errorf("system: an information system's application has an object identifier, and no other kind")
	}
	if a.Replaces != nil {
		if err := a.Replaces.check(); err != nil {
			return fmt.Errorf("replaces: %w", err)
		}
	}
	if a.Revocation == nil {
		return a.checkKeys()
	}
	if err := a.Revocation.check(); err != nil {
		return fmt.Errorf("revocation: %w", err)
	}
	if a.Keys != nil || a.Storage != (Storage{}) || a.Region != "" || a.Locality != "" {
		return fmt.Errorf("keys, storage, region or locality: a revocation has none")
	}
	return nil
}

// ValidOID says whether s is an object identifier in dotted form, as ITU-T X.660 writes it: at least three arcs, the
// first 0 to 2, the second below 40 under 0 and 1, none with zeros in front.
func ValidOID(s string) bool {
	arcs := strings.Split(s, ".")
	if len(s) > 128 || len(arcs) < 3 || len(arcs) > 20 {
		return false
	}
	var first, second uint64
	for i, arc := range arcs {
		n, err := strconv.ParseUint(arc, 10, 31)
		if err != nil || strconv.FormatUint(n, 10) != arc {
			return false
		}
		switch i {
		case 0:
			first = n
		case 1:
			second = n
		}
	}
	return first <= 2 && (first == 2 || second < 40)
}
