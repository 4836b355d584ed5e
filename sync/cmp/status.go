package cmp

import (
	"fmt"
	"math/bits"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Status is a PKIStatus (RFC 9810 §5.2.3).
type Status int

// The statuses.
const (
	Accepted               Status = 0
	GrantedWithMods        Status = 1
	Rejection              Status = 2
	StatusWaiting          Status = 3
	RevocationWarning      Status = 4
	RevocationNotification Status = 5
	KeyUpdateWarning       Status = 6
)

var statusNames = [...]string{"accepted", "grantedWithMods", "rejection", "waiting", "revocationWarning", "revocationNotification", "keyUpdateWarning"}

// String gives the standard's word.
func (s Status) String() string {
	if s >= 0 && int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("status %d", int(s))
}

// Failure is a set of PKIFailureInfo bits (RFC 9810 §5.2.3): bit n of the standard is 1<<n here.
type Failure uint32

// The failures.
const (
	BadAlg Failure = 1 << iota
	BadMessageCheck
	BadRequest
	BadTime
	BadCertID
	BadDataFormat
	WrongAuthority
	IncorrectData
	MissingTimeStamp
	BadPOP
	CertRevoked
	CertConfirmed
	WrongIntegrity
	BadRecipientNonce
	TimeNotAvailable
	UnacceptedPolicy
	UnacceptedExtension
	AddInfoNotAvailable
	BadSenderNonce
	BadCertTemplate
	SignerNotTrusted
	TransactionIDInUse
	UnsupportedVersion
	NotAuthorized
	SystemUnavail
	SystemFailure
	DuplicateCertReq
)

const failureBits = 27

var failureNames = [failureBits]string{"badAlg", "badMessageCheck", "badRequest", "badTime", "badCertId", "badDataFormat", "wrongAuthority", "incorrectData",
	"missingTimeStamp", "badPOP", "certRevoked", "certConfirmed", "wrongIntegrity", "badRecipientNonce", "timeNotAvailable", "unacceptedPolicy",
	"unacceptedExtension", "addInfoNotAvailable", "badSenderNonce", "badCertTemplate", "signerNotTrusted", "transactionIdInUse",
	"unsupportedVersion", "notAuthorized", "systemUnavail", "systemFailure", "duplicateCertReq"}

// Has says whether any of the given bits is set.
func (f Failure) Has(bit Failure) bool { return f&bit != 0 }

// String gives the standard's words.
func (f Failure) String() string {
	var words []string
	for i, name := range failureNames {
		if f&(1<<i) != 0 {
			words = append(words, name)
		}
	}
	if len(words) == 0 {
		return "no failure"
	}
	return strings.Join(words, ", ")
}

// PKIStatusInfo is a status with its reasons (RFC 9810 §5.2.3).
type PKIStatusInfo struct {
	Status Status
	Text   []string
	Fail   Failure
}

func parseStatusInfo(s *cryptobyte.String) (PKIStatusInfo, error) {
	var info PKIStatusInfo
	var in cryptobyte.String
	var status int64
	if !s.ReadASN1(&in, asn1.SEQUENCE) || !in.ReadASN1Integer(&status) || status < 0 || status > int64(KeyUpdateWarning) {
		return info, malformed("PKIStatusInfo")
	}
	info.Status = Status(status)
	if in.PeekASN1Tag(asn1.SEQUENCE) {
		text, err := parseFreeText(&in)
		if err != nil {
			return info, err
		}
		info.Text = text
	}
	if in.PeekASN1Tag(asn1.BIT_STRING) {
		fail, ok := readFailure(&in)
		if !ok {
			return info, malformed("PKIFailureInfo")
		}
		info.Fail = fail
	}
	if !in.Empty() {
		return info, malformed("PKIStatusInfo")
	}
	return info, nil
}

func (info PKIStatusInfo) add(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(int64(info.Status))
		if len(info.Text) > 0 {
			addFreeText(b, info.Text)
		}
		if info.Fail != 0 {
			info.Fail.add(b)
		}
	})
}

// readFailure reads the BIT STRING; bits newer than this program are dropped.
func readFailure(s *cryptobyte.String) (Failure, bool) {
	var content cryptobyte.String
	var unused uint8
	if !s.ReadASN1(&content, asn1.BIT_STRING) || !content.ReadUint8(&unused) || unused > 7 || (len(content) == 0 && unused != 0) || len(content) > 16 {
		return 0, false
	}
	var f Failure
	for i := range min(failureBits, len(content)*8-int(unused)) {
		if content[i/8]&(0x80>>(i%8)) != 0 {
			f |= 1 << i
		}
	}
	return f, true
}

// add writes a named bit list without its trailing zero bits (X.690 §11.2.2).
func (f Failure) add(b *cryptobyte.Builder) {
	last := bits.Len32(uint32(f)) - 1
	content := make([]byte, 2+last/8)
	content[0] = byte(7 - last%8)
	for i := range last + 1 {
		if f&(1<<i) != 0 {
			content[1+i/8] |= 0x80 >> (i % 8)
		}
	}
	b.AddASN1(asn1.BIT_STRING, func(b *cryptobyte.Builder) { b.AddBytes(content) })
}

// parseFreeText reads a PKIFreeText (RFC 9810 §5.1.1), at most maxTexts strings of maxText octets.
func parseFreeText(s *cryptobyte.String) ([]string, error) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) {
		return nil, malformed("PKIFreeText")
	}
	var texts []string
	for !list.Empty() {
		var text cryptobyte.String
		if !list.ReadASN1(&text, asn1.UTF8String) || len(text) > maxText || !utf8.Valid(text) || len(texts) == maxTexts {
			return nil, malformed("PKIFreeText")
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

func addFreeText(b *cryptobyte.Builder, texts []string) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, text := range texts {
			b.AddASN1(asn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
		}
	})
}

// errorContent is an ErrorMsgContent (RFC 9810 §5.3.21).
type errorContent struct {
	info    PKIStatusInfo
	code    int64
	details []string
}

func parseError(body cryptobyte.String) (errorContent, error) {
	var c errorContent
	var in cryptobyte.String
	if !body.ReadASN1(&in, asn1.SEQUENCE) || !body.Empty() {
		return c, malformed("ErrorMsgContent")
	}
	var err error
	if c.info, err = parseStatusInfo(&in); err != nil {
		return c, err
	}
	if in.PeekASN1Tag(asn1.INTEGER) && !in.ReadASN1Integer(&c.code) {
		return c, malformed("errorCode")
	}
	if in.PeekASN1Tag(asn1.SEQUENCE) {
		if c.details, err = parseFreeText(&in); err != nil {
			return c, err
		}
	}
	if !in.Empty() {
		return c, malformed("ErrorMsgContent")
	}
	return c, nil
}

func (c errorContent) body() bodyBuilder {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			c.info.add(b)
			if c.code != 0 {
				b.AddASN1Int64(c.code)
			}
			if len(c.details) > 0 {
				addFreeText(b, c.details)
			}
		})
	}
}
