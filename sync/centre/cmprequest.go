package centre

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/sync/cmp"
)

// oidSubjectAltName is RFC 5280 §4.2.1.6.
var oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// readRequest takes out of a verified CMP request what the centre goes by. A PKCS#10 and a certificate template say the
// same things in different places.
func (c *Centre) readRequest(r *cmp.Request) (request, error) {
	in := request{transaction: hex.EncodeToString(r.TransactionID), kind: string(r.Kind), profile: r.Profile, message: r.Message,
		spki: r.SPKI, subject: r.Subject}
	if r.RAVerified && r.Profile != profileDevice {
		return in, rejectAs(cmp.BadPOP, "possession of a citizen's key is shown by a signature with it")
	}
	if r.CSR != nil && r.Profile != profileDevice {
		asked, err := c.profiles.ParseRequest(r.CSR)
		if err != nil {
			return in, rejectAs(cmp.BadCertTemplate, "%v", err)
		}
		in.spki, in.subject, in.email, in.storage = asked.SPKI, asked.Parsed.RawSubject, asked.Email, asked.StorageKind
		return in, nil
	}
	in.email = emailOf(r.Extensions)
	in.storage = c.storageOf(r.Extensions)
	return in, nil
}

// emailOf is the first rfc822Name of a subjectAltName, "" where there is none.
func emailOf(extensions []pkix.Extension) string {
	for _, e := range extensions {
		if !e.Id.Equal(oidSubjectAltName) {
			continue
		}
		in := cryptobyte.String(e.Value)
		var names, name cryptobyte.String
		var tag cbasn1.Tag
		if !in.ReadASN1(&names, cbasn1.SEQUENCE) {
			return ""
		}
		for names.ReadAnyASN1(&name, &tag) {
			if tag == cbasn1.Tag(1).ContextSpecific() {
				return string(name)
			}
		}
	}
	return ""
}

// storageOf is the kind of key storage a request names, "" where it names none that is known.
func (c *Centre) storageOf(extensions []pkix.Extension) string {
	for _, e := range extensions {
		if !c.profiles.KeyStorageExtension.Equal(e.Id) {
			continue
		}
		in := cryptobyte.String(e.Value)
		var list cryptobyte.String
		var id asn1.ObjectIdentifier
		if !in.ReadASN1(&list, cbasn1.SEQUENCE) || !list.ReadASN1ObjectIdentifier(&id) {
			return ""
		}
		for _, s := range c.profiles.Storages {
			if s.OID.Equal(id) {
				return s.Kind
			}
		}
	}
	return ""
}
