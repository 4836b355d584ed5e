package pki

import (
	"bytes"
	"fmt"
	"time"

	"crypto/x509/pkix"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Reasons with a meaning of their own, RFC 5280 §5.3.1.
const (
	reasonCertificateHold = 6
	reasonRemoveFromCRL   = 8
)

// Extensions of an entry as their identifiers stand in DER: half a million entries are not worth half a
// million allocations. RFC 5280 §5.3.1, §5.3.3.
var (
	derReason            = []byte{6, 3, 0x55, 0x1d, 21}
	derCertificateIssuer = []byte{6, 3, 0x55, 0x1d, 29}
)

// entryList reads revokedCertificates.
func (s *scanner) entryList() error {
	end, err := s.open(cbasn1.SEQUENCE)
	if err != nil {
		return err
	}
	for s.offset < end {
		element, err := s.element(maxListEntry)
		if err != nil {
			return err
		}
		s.list.entries++
		if err := s.readEntry(element); err != nil {
			return err
		}
	}
	if s.offset != end {
		return fmt.Errorf("%w: lengths do not fit", errNotDER)
	}
	return nil
}

// readEntry reads every entry, though only one is wanted: an entry of an indirect list, or one with a
// critical extension nobody here knows, forbids the use of the whole list (RFC 5280 §5.3).
func (s *scanner) readEntry(element []byte) error {
	input := cryptobyte.String(element)
	var entry, serial cryptobyte.String
	if !input.ReadASN1(&entry, cbasn1.SEQUENCE) || !entry.ReadASN1Element(&serial, cbasn1.INTEGER) || !minimal(serial) {
		return fmt.Errorf("%w: serial number", errNotDER)
	}
	wanted := bytes.Equal(serial, s.wanted)
	var found listEntry
	if wanted {
		at, err := readTime(&entry)
		if err != nil {
			return err
		}
		found.at = at
	} else if !skipTime(&entry) {
		return fmt.Errorf("%w: revocation time", errNotDER)
	}
	if !entry.Empty() {
		if err := s.readEntryExtensions(&entry, &found); err != nil {
			return err
		}
	}
	if !entry.Empty() {
		return fmt.Errorf("%w: octets after an entry", errNotDER)
	}
	if wanted && (s.list.entry == nil || found.outweighs(*s.list.entry)) {
		counts := found // of its own, or every entry would be allocated
		s.list.entry = &counts
	}
	return nil
}

// outweighs decides between two entries of one serial number, which a list should not have: the one that
// is harder to undo counts.
func (e listEntry) outweighs(other listEntry) bool { return e.weight() > other.weight() }

func (e listEntry) weight() int {
	switch e.reason {
	case reasonRemoveFromCRL:
		return 0
	case reasonCertificateHold:
		return 1
	default:
		return 2
	}
}

// minimal says whether an INTEGER has no octet too many (X.690 §8.3.2): with one, its serial number would
// be passed over.
func minimal(integer []byte) bool {
	value := integer[2:] // a serial number of more than 127 octets is refused by this as well
	if len(integer) < 3 || int(integer[1]) != len(value) {
		return false
	}
	return len(value) == 1 || !(value[0] == 0 && value[1] < 0x80 || value[0] == 0xff && value[1] >= 0x80)
}

// readEntryExtensions reads crlEntryExtensions into found.
func (s *scanner) readEntryExtensions(entry *cryptobyte.String, found *listEntry) error {
	var list cryptobyte.String
	if !entry.ReadASN1(&list, cbasn1.SEQUENCE) || list.Empty() {
		return fmt.Errorf("%w: extensions", errNotDER)
	}
	reasons := 0
	for !list.Empty() {
		var one, id, value cryptobyte.String
		critical := false
		if !list.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1Element(&id, cbasn1.OBJECT_IDENTIFIER) ||
			!readCritical(&one, &critical) || !one.ReadASN1(&value, cbasn1.OCTET_STRING) || !one.Empty() {
			return fmt.Errorf("%w: an extension", errNotDER)
		}
		switch {
		case bytes.Equal(id, derReason):
			if reasons++; reasons > 1 || !value.ReadASN1Enum(&found.reason) || !value.Empty() {
				return fmt.Errorf("%w: reason", errNotDER)
			}
		case critical || bytes.Equal(id, derCertificateIssuer):
			if s.odd == nil {
				s.odd = fmt.Errorf("%w: entry %d has an extension that is not understood here", ErrNotCovered, s.list.entries)
			}
		}
	}
	return nil
}

// readCritical reads the optional BOOLEAN of an extension; FALSE is the default and not written in DER.
func readCritical(input *cryptobyte.String, critical *bool) bool {
	if !input.PeekASN1Tag(cbasn1.BOOLEAN) {
		return true
	}
	return input.ReadASN1Boolean(critical) && *critical
}

// readTime reads UTCTime or GeneralizedTime, RFC 5280 §4.1.2.5.
func readTime(input *cryptobyte.String) (time.Time, error) {
	var at time.Time
	if input.PeekASN1Tag(cbasn1.UTCTime) && input.ReadASN1UTCTime(&at) ||
		input.PeekASN1Tag(cbasn1.GeneralizedTime) && input.ReadASN1GeneralizedTime(&at) {
		return at.UTC(), nil
	}
	return time.Time{}, fmt.Errorf("%w: time", errNotDER)
}

// skipTime is readTime for a time that does not matter.
func skipTime(input *cryptobyte.String) bool {
	var value cryptobyte.String
	var tag cbasn1.Tag
	if !input.ReadAnyASN1(&value, &tag) || len(value) == 0 || value[len(value)-1] != 'Z' {
		return false
	}
	for _, digit := range value[:len(value)-1] {
		if digit < '0' || digit > '9' {
			return false
		}
	}
	return tag == cbasn1.UTCTime && len(value) == 13 || tag == cbasn1.GeneralizedTime && len(value) == 15
}

// readExtensions reads Extensions, RFC 5280 §4.1: one at least, none twice.
func readExtensions(der cryptobyte.String) ([]pkix.Extension, error) {
	var list cryptobyte.String
	if !der.ReadASN1(&list, cbasn1.SEQUENCE) || !der.Empty() || list.Empty() {
		return nil, fmt.Errorf("%w: extensions", errNotDER)
	}
	var found []pkix.Extension
	for !list.Empty() {
		var one, value cryptobyte.String
		var extension pkix.Extension
		if !list.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier((*asn1.ObjectIdentifier)(&extension.Id)) ||
			!readCritical(&one, &extension.Critical) || !one.ReadASN1(&value, cbasn1.OCTET_STRING) || !one.Empty() {
			return nil, fmt.Errorf("%w: an extension", errNotDER)
		}
		if _, twice := findExtension(found, extension.Id); twice {
			return nil, fmt.Errorf("%w: extension %v stands twice", errNotDER, extension.Id)
		}
		extension.Value = bytes.Clone(value)
		found = append(found, extension)
	}
	return found, nil
}
