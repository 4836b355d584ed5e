package pki

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// MaxCRL bounds a revocation list in octets. НУЦ's largest has about 20 MB.
const MaxCRL = 64 << 20

// Bounds of a list's parts in octets. A longer one makes the list unreadable.
const (
	maxListAlgorithm  = 512
	maxListName       = 16 << 10
	maxListEntry      = 4 << 10
	maxListExtensions = 32 << 10
	maxListSignature  = 4 << 10
)

// listScan is what one pass through a revocation list found out about one serial number. Its signature
// is verified; scope and freshness are not judged yet.
type listScan struct {
	thisUpdate, nextUpdate time.Time // nextUpdate zero: none is given
	number, base           *big.Int  // base not nil: a delta to the list of that number
	point                  []byte    // issuing distribution point, nil if there is none
	extensions             []pkix.Extension
	entry                  *listEntry // nil: the serial number is not on the list
	entries                int
}

// listEntry is the entry of the serial number that was looked for.
type listEntry struct {
	at     time.Time
	reason int // CRLReason, RFC 5280 §5.3.1
}

// scanList reads a list from in, RFC 5280 §5.1, in one pass and little memory, and verifies that issuer
// signed it. Nothing of it counts until it returns without an error; the errors are those of Answer.Err.
func scanList(in io.Reader, issuer *x509.Certificate, serial *big.Int) (*listScan, error) {
	if issuer.Version == 3 && !issuer.BasicConstraintsValid || issuer.BasicConstraintsValid && !issuer.IsCA ||
		issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCRLSign == 0 {
		return nil, fmt.Errorf("%w: the issuer may not sign lists", ErrUnverified) // RFC 5280 §6.3.3 (f)
	}
	wanted, err := asn1.Marshal(serial)
	if err != nil {
		return nil, fmt.Errorf("%w: serial number: %w", ErrUnverified, err)
	}
	s := &scanner{octets: newOctets(in), issuer: issuer, wanted: wanted, list: new(listScan)}
	if err := s.run(); err != nil {
		return nil, err
	}
	return s.list, nil
}

type scanner struct {
	*octets
	issuer *x509.Certificate
	wanted []byte // the serial number in DER
	list   *listScan
	inner  []byte // AlgorithmIdentifier
	odd    error  // the first entry that makes the list useless here
}

func (s *scanner) run() error {
	end, err := s.open(cbasn1.SEQUENCE)
	if err != nil {
		return unverified("list", err)
	}
	if end > MaxCRL {
		return fmt.Errorf("%w: list has more than %d octets", ErrUnverified, MaxCRL)
	}
	s.begin()
	how, err := s.signedPart()
	if err != nil {
		return err
	}
	digest := s.sum()
	outer, err := s.element(maxListAlgorithm)
	if err != nil {
		return unverified("algorithm", err)
	}
	if !sameAlgorithm(s.inner, outer) {
		return fmt.Errorf("%w: two signature algorithms", ErrUnverified)
	}
	signature, err := s.signature()
	if err != nil {
		return unverified("signature", err)
	}
	if s.offset != end {
		return fmt.Errorf("%w: %w: lengths do not fit", ErrUnverified, errNotDER)
	}
	if ended, err := s.ended(); err != nil || !ended {
		return unverified("octets after the end", err)
	}
	key, err := ParseKey(s.issuer.RawSubjectPublicKeyInfo)
	if err != nil {
		return unverified("issuer", err)
	}
	if !how.verify(key, digest, signature) {
		return fmt.Errorf("%w: %w", ErrUnverified, errWrongSignature)
	}
	return s.odd
}

func unverified(what string, err error) error {
	if err == nil {
		return fmt.Errorf("%w: %s", ErrUnverified, what)
	}
	return fmt.Errorf("%w: %s: %w", ErrUnverified, what, err)
}

// sameAlgorithm compares the two AlgorithmIdentifiers of a list, which must be equal (RFC 5280 §5.1.1.2),
// for one of them is not signed. One difference is accepted: НУЦ's GOST lists leave the parameters out
// inside and write NULL outside. Both mean that there are none, and the identifier, which alone chooses
// the algorithm, is the same in both and signed.
func sameAlgorithm(inner, outer []byte) bool {
	if bytes.Equal(inner, outer) {
		return true
	}
	oid := gost.Kazakh.SignatureOID()
	return bytes.Equal(inner, algorithmIdentifier(oid, false)) && bytes.Equal(outer, algorithmIdentifier(oid, true))
}

// signedPart reads TBSCertList.
func (s *scanner) signedPart() (scheme, error) {
	end, err := s.open(cbasn1.SEQUENCE)
	if err != nil {
		return scheme{}, unverified("list", err)
	}
	how, err := s.head()
	if err != nil {
		return scheme{}, err
	}
	if err := s.times(end); err != nil {
		return scheme{}, unverified("times", err)
	}
	if s.offset < end && s.at(cbasn1.SEQUENCE) {
		if err := s.entryList(); err != nil {
			return scheme{}, unverified(fmt.Sprintf("entry %d", s.list.entries), err)
		}
	}
	if s.offset < end {
		if err := s.listExtensions(); err != nil {
			return scheme{}, unverified("extensions", err)
		}
	}
	if s.offset != end {
		return scheme{}, fmt.Errorf("%w: %w: lengths do not fit", ErrUnverified, errNotDER)
	}
	return how, nil
}

// head reads version, algorithm and issuer, and chooses the digest.
func (s *scanner) head() (scheme, error) {
	version, err := s.element(3)
	if err != nil || !bytes.Equal(version, []byte{2, 1, 1}) { // v2; older ones have no extensions to say what they are
		return scheme{}, unverified("version is not 2", err)
	}
	inner, err := s.element(maxListAlgorithm)
	if err != nil {
		return scheme{}, unverified("algorithm", err)
	}
	s.inner = bytes.Clone(inner)
	how, err := readScheme(s.inner)
	if err != nil {
		return scheme{}, unverified("algorithm", err)
	}
	s.choose(how.digest())
	name, err := s.element(maxListName)
	if err != nil {
		return scheme{}, unverified("issuer", err)
	}
	if !bytes.Equal(name, s.issuer.RawSubject) {
		return scheme{}, ErrOtherIssuer
	}
	return how, nil
}

func (s *scanner) times(end int64) error {
	var err error
	if s.list.thisUpdate, err = s.time(); err != nil {
		return err
	}
	if s.offset < end && (s.at(cbasn1.UTCTime) || s.at(cbasn1.GeneralizedTime)) {
		if s.list.nextUpdate, err = s.time(); err != nil {
			return err
		}
		if !s.list.nextUpdate.After(s.list.thisUpdate) {
			return fmt.Errorf("nextUpdate is not after thisUpdate")
		}
	}
	return nil
}

func (s *scanner) time() (time.Time, error) {
	element, err := s.element(32)
	if err != nil {
		return time.Time{}, err
	}
	input := cryptobyte.String(element)
	return readTime(&input)
}

// at says whether the next element has this tag.
func (s *scanner) at(want cbasn1.Tag) bool {
	tag, _, _, err := s.next()
	return err == nil && tag == want
}

func (s *scanner) signature() ([]byte, error) {
	element, err := s.element(maxListSignature)
	if err != nil {
		return nil, err
	}
	input := cryptobyte.String(element)
	var bits []byte
	if !input.ReadASN1BitStringAsBytes(&bits) {
		return nil, errNotDER
	}
	return bytes.Clone(bits), nil
}

func (s *scanner) listExtensions() error {
	element, err := s.element(maxListExtensions)
	if err != nil {
		return err
	}
	input := cryptobyte.String(element)
	var inner cryptobyte.String
	if !input.ReadASN1(&inner, explicit(0)) {
		return errNotDER
	}
	if s.list.extensions, err = readExtensions(inner); err != nil {
		return err
	}
	return s.list.readScope()
}
