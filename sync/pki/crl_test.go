package pki_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"testing"
	"testing/iotest"
	"time"

	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
)

func TestLookupCRL_GivesThreeAnswersInBothFamilies(t *testing.T) {
	for _, h := range houses(t) {
		now := time.Now()
		late := now.Add(2 * time.Hour)
		stranger := house{"", gostStrangers().issuing, gostStrangers().key, h.cert, nil}
		tests := []struct {
			name  string
			der   []byte
			now   time.Time
			state pki.Revocation
			cause error
		}{
			{"not on the list", h.list(t, nil), now, pki.Good, nil},
			{"another on the list", h.list(t, nil, x509.RevocationListEntry{SerialNumber: big.NewInt(5), RevocationTime: now}), now, pki.Good, nil},
			{"on the list", h.list(t, nil, h.revoked(1)), now, pki.Revoked, nil},
			{"on hold", h.list(t, nil, h.revoked(6)), now, pki.Revoked, nil},
			{"on an old list", h.list(t, nil, h.revoked(4)), late, pki.Revoked, nil},
			{"on hold by an old list", h.list(t, nil, h.revoked(6)), late, pki.Unknown, pki.ErrStale},
			{"not on an old list", h.list(t, nil), late, pki.Unknown, pki.ErrStale},
			{"a list of the future", h.list(t, nil), now.Add(-time.Hour), pki.Unknown, pki.ErrNotYet},
			{"another house's list", stranger.list(t, nil), now, pki.Unknown, nil},
			{"nothing", nil, now, pki.Unknown, pki.ErrUnverified},
		}
		for _, test := range tests {
			wantAnswer(t, h.name+": "+test.name, pki.CheckCRL(test.der, h.cert, h.issuer, test.now), test.state, test.cause)
		}
		answer := pki.CheckCRL(h.list(t, nil, h.revoked(4)), h.cert, h.issuer, now.Add(30*time.Minute))
		if answer.Reason != 4 || answer.RevokedAt.IsZero() || answer.Age < 30*time.Minute || answer.Age > 32*time.Minute || answer.NextAt.IsZero() {
			t.Errorf("%s: %+v", h.name, answer)
		}
		whole := h.list(t, nil, h.revoked(1))
		for name, in := range map[string]io.Reader{"octet by octet": iotest.OneByteReader(bytes.NewReader(whole)), "the end with the last octets": iotest.DataErrReader(bytes.NewReader(whole))} {
			wantAnswer(t, h.name+": "+name, pki.LookupCRL(in, h.cert, h.issuer, now), pki.Revoked, nil)
		}
		broken := io.MultiReader(bytes.NewReader(whole[:200]), iotest.ErrReader(errors.New("stick was pulled")))
		wantAnswer(t, h.name+": a reader that fails", pki.LookupCRL(broken, h.cert, h.issuer, now), pki.Unknown, pki.ErrUnverified)
	}
}

// НУЦ's GOST lists leave the parameters out inside and write NULL outside. Only this difference is taken.
func TestLookupCRL_TakesTheOneDifferenceOfAlgorithmsNUCMakes(t *testing.T) {
	gostID, err := asn1.Marshal(gost.Kazakh.SignatureOID())
	if err != nil {
		t.Fatal(err)
	}
	null := []byte{5, 0}
	bare, withNull := element(cbasn1.SEQUENCE, gostID), element(cbasn1.SEQUENCE, gostID, null)
	rsa := []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11}
	rsaBare, rsaNull := element(cbasn1.SEQUENCE, rsa), element(cbasn1.SEQUENCE, rsa, null)
	sha384 := append(append([]byte{}, rsaNull[:len(rsaNull)-3]...), 12, 5, 0)
	families := houses(t)
	for _, test := range []struct {
		name         string
		house        house
		inner, outer []byte
		state        pki.Revocation
	}{
		{"GOST, NULL in both", families[1], withNull, withNull, pki.Good},
		{"GOST, in neither", families[1], bare, bare, pki.Good},
		{"GOST, outside only, as НУЦ does", families[1], bare, withNull, pki.Good},
		{"GOST, inside only", families[1], withNull, bare, pki.Unknown},
		{"GOST, other parameters", families[1], element(cbasn1.SEQUENCE, gostID, []byte{4, 0}), element(cbasn1.SEQUENCE, gostID, []byte{4, 0}), pki.Unknown},
		{"GOST, another name outside", families[1], withNull, rsaNull, pki.Unknown},
		{"RSA, NULL in both", families[0], rsaNull, rsaNull, pki.Good},
		{"RSA, outside only", families[0], rsaBare, rsaNull, pki.Unknown},
		{"RSA, another digest outside", families[0], rsaNull, sha384, pki.Unknown},
		{"RSA, another digest in both", families[0], sha384, sha384, pki.Unknown},
	} {
		der := test.house.rebuilt(t, test.house.list(t, nil), test.outer, func(parts [][]byte) [][]byte {
			parts[1] = test.inner
			return parts
		})
		wantAnswer(t, test.name, pki.CheckCRL(der, test.house.cert, test.house.issuer, time.Now()), test.state, nil)
	}
}

// What a broken authority signs is as bad as what nobody signed: an odd form is no answer, and a revoked
// certificate is never good by it.
func TestLookupCRL_NeverGoodByAnOddForm(t *testing.T) {
	old := element(cbasn1.UTCTime, []byte("200101000000Z"))
	serialOf := func(h house) []byte {
		der, err := asn1.Marshal(h.cert.SerialNumber)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	entry := func(parts ...[]byte) []byte { return element(cbasn1.SEQUENCE, parts...) }
	reason := func(value ...byte) []byte {
		return entry([]byte{6, 3, 0x55, 0x1d, 21}, element(cbasn1.OCTET_STRING, value))
	}
	number := entry([]byte{6, 3, 0x55, 0x1d, 20}, element(cbasn1.OCTET_STRING, []byte{2, 1, 9}))
	wrap := func(tag cbasn1.Tag, parts ...[]byte) []byte { return element(tag, entry(parts...)) }
	zero := cbasn1.Tag(0).Constructed().ContextSpecific()
	entries := func(h house, all ...[]byte) func([][]byte) [][]byte {
		return func(parts [][]byte) [][]byte { parts[5] = entry(all...); return parts }
	}
	at := func(i int, part []byte) func([][]byte) [][]byte {
		return func(parts [][]byte) [][]byte { parts[i] = part; return parts }
	}
	for _, h := range houses(t) {
		serial := serialOf(h)
		padded := element(cbasn1.INTEGER, []byte{0}, serial[2:])
		for name, change := range map[string]func([][]byte) [][]byte{
			"version 1":                       at(0, []byte{2, 1, 0}),
			"no version":                      func(parts [][]byte) [][]byte { return parts[1:] },
			"another issuer":                  at(2, entry()),
			"no thisUpdate":                   func(parts [][]byte) [][]byte { return append(parts[:3], parts[5:]...) },
			"nextUpdate before thisUpdate":    at(4, old),
			"no nextUpdate, a year old":       func(parts [][]byte) [][]byte { parts[3] = old; return append(parts[:4], parts[5:]...) },
			"a time without Z":                at(3, element(cbasn1.UTCTime, []byte("260101000000"))),
			"entries of another kind":         at(5, entry(element(cbasn1.OCTET_STRING))),
			"entries after the extensions":    func(parts [][]byte) [][]byte { return append(parts, parts[5]) },
			"octets after the extensions":     func(parts [][]byte) [][]byte { return append(parts, []byte{5, 0}) },
			"an empty list of extensions":     at(6, wrap(zero)),
			"an extension twice":              at(6, wrap(zero, number, number)),
			"a damaged extension":             at(6, wrap(zero, []byte{5, 0})),
			"a damaged list number":           at(6, wrap(zero, entry([]byte{6, 3, 0x55, 0x1d, 20}, element(cbasn1.OCTET_STRING, []byte{4, 0})))),
			"a serial number padded":          entries(h, entry(padded, old)),
			"a serial number of no octets":    entries(h, entry([]byte{2, 0}, old), entry(serial, old)),
			"an entry without time":           entries(h, entry(serial)),
			"an entry with a date for a time": entries(h, entry([]byte{2, 1, 3}, element(cbasn1.UTCTime, []byte("20010100000AZ"))), entry(serial, old)),
			"an entry with octets after it":   entries(h, entry(serial, old, entry(reason(10, 1, 1)), []byte{5, 0})),
			"a damaged reason":                entries(h, entry(serial, old, entry(reason(4, 1, 8)))),
			"two reasons":                     entries(h, entry(serial, old, entry(reason(10, 1, 1), reason(10, 1, 8)))),
			"no entry extensions in the list": entries(h, entry(serial, old, entry())),
			"removeFromCRL after revocation":  entries(h, entry(serial, old, entry(reason(10, 1, 1))), entry(serial, old, entry(reason(10, 1, 8)))),
			"removeFromCRL before revocation": entries(h, entry(serial, old, entry(reason(10, 1, 8))), entry(serial, old, entry(reason(10, 1, 1)))),
			"removeFromCRL alone":             entries(h, entry(serial, old, entry(reason(10, 1, 8)))),
			"FALSE written out":               entries(h, entry(serial, old, entry(entry([]byte{6, 3, 0x55, 0x1d, 21}, []byte{1, 1, 0}, element(cbasn1.OCTET_STRING, []byte{10, 1, 1}))))),
			"a giant entry":                   entries(h, entry([]byte{2, 1, 3}, old, element(cbasn1.OCTET_STRING, make([]byte, 8<<10))), entry(serial, old)),
		} {
			if answer := pki.CheckCRL(h.rebuilt(t, h.list(t, nil, h.revoked(1)), nil, change), h.cert, h.issuer, time.Now()); answer.State == pki.Good {
				t.Errorf("%s: %s: good", h.name, name)
			}
		}
		// The same list, untouched, is read: the table above fails for what it changes.
		same := h.rebuilt(t, h.list(t, nil, h.revoked(1)), nil, func(parts [][]byte) [][]byte { return parts })
		wantAnswer(t, h.name+": untouched", pki.CheckCRL(same, h.cert, h.issuer, time.Now()), pki.Revoked, nil)
	}
}

func TestLookupCRL_AnswersForItsScopeOnly(t *testing.T) {
	tag := func(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific() }
	explicit := func(n uint8) cbasn1.Tag { return tag(n).Constructed() }
	name := func(address string) []byte {
		return element(explicit(0), element(explicit(0), element(tag(6), []byte(address))))
	}
	yes, no := []byte{0xff}, []byte{0}
	for _, h := range houses(t) {
		own := h.cert.CRLDistributionPoints[0]
		for _, test := range []struct {
			name  string
			point [][]byte
			state pki.Revocation
			cause error
		}{
			{"nothing said", nil, pki.Good, nil},
			{"user certificates only", [][]byte{element(tag(1), yes)}, pki.Good, nil},
			{"the certificate's own distribution point", [][]byte{name(own)}, pki.Good, nil},
			{"another distribution point", [][]byte{name("http://centre.test/part2.crl")}, pki.Unknown, pki.ErrNotCovered},
			{"a relative name", [][]byte{element(explicit(0), element(explicit(1)))}, pki.Unknown, pki.ErrNotCovered},
			{"CA certificates only", [][]byte{element(tag(2), yes)}, pki.Unknown, pki.ErrNotCovered},
			{"some reasons only", [][]byte{element(tag(3), []byte{1, 6})}, pki.Unknown, pki.ErrNotCovered},
			{"indirect", [][]byte{element(tag(4), yes)}, pki.Unknown, pki.ErrNotCovered},
			{"attribute certificates", [][]byte{element(tag(5), yes)}, pki.Unknown, pki.ErrNotCovered},
			{"FALSE written out", [][]byte{element(tag(1), no)}, pki.Unknown, pki.ErrNotCovered},
			{"a name and more", [][]byte{name(own), element(tag(4), yes)}, pki.Unknown, pki.ErrNotCovered},
			{"damaged", [][]byte{{0x81}}, pki.Unknown, pki.ErrUnverified},
		} {
			for _, critical := range []bool{true, false} {
				value := element(cbasn1.SEQUENCE, test.point...)
				if test.cause == pki.ErrUnverified {
					value = []byte{0x30, 1, 0x81}
				}
				der := h.list(t, func(l *x509.RevocationList) {
					l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: critical, Value: value}}
				})
				wantAnswer(t, h.name+": "+test.name, pki.CheckCRL(der, h.cert, h.issuer, time.Now()), test.state, test.cause)
			}
		}
		issuerEntry := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Value: []byte{0x30, 0}}
		indirect := h.list(t, nil, x509.RevocationListEntry{SerialNumber: big.NewInt(5), RevocationTime: time.Now(), ExtraExtensions: []pkix.Extension{issuerEntry}})
		wantAnswer(t, h.name+": another issuer's entry, not critical", pki.CheckCRL(indirect, h.cert, h.issuer, time.Now()), pki.Unknown, pki.ErrNotCovered)
		ca := *h.cert
		ca.IsCA = true
		users := h.list(t, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: element(cbasn1.SEQUENCE, element(tag(2), yes))}}
		})
		wantAnswer(t, h.name+": a CA by a list of CAs", pki.CheckCRL(users, &ca, h.issuer, time.Now()), pki.Good, nil)
		wantAnswer(t, h.name+": another issuer's certificate", pki.CheckCRL(h.list(t, nil), h.issuer, h.issuer, time.Now()), pki.Unknown, pki.ErrOtherIssuer)
		mayNot := *h.issuer
		mayNot.KeyUsage = x509.KeyUsageCertSign
		wantAnswer(t, h.name+": an issuer that may sign no lists", pki.CheckCRL(h.list(t, nil), h.cert, &mayNot, time.Now()), pki.Unknown, pki.ErrUnverified)
	}
}
