package gost

import (
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"testing"
)

// RFC 7091 §7: the only example of the algorithm with all its intermediate numbers, on a curve of 256 bits.
func TestReference_GivesTheExampleOfRFC7091(t *testing.T) {
	c := &example256
	d := hexInt("7A929ADE789BB9BE10ED359DD39A72C11B60961F49397EEE1D19CE9891EC3B28")
	e := hexInt("2DFBC1B372D89A1188C09C52E0EEC61FCE52032AB1022E8E67ECE6672B043EE5")
	k := hexInt("77105C9B20BCD3122823C8CF6FCC7B956DE33814E95B7FE64FED924594DCEAB3")
	r := hexInt("41AA28D2F1AB148280CD9ED56FEDA41974053554A42767B83AD043FD39DC0493")
	s := hexInt("1456C64BA4642A1653C235A98A60249BCD6D3F746B631DF928014F6C5BF9C40")
	q := place{hexInt("7F2B49E270DB6D90D8595BEC458B50C58585BA1D4E9B788F6689DBD8E56FD80B"),
		hexInt("26F1B489D6701DD185C8413A977B3CBBAF64D1C593D26627DFFB101A87FF77DA")}
	exampleHolds(t, c, d, e, k, r, s, q)
	if at := c.multiple(k, c.base()); at.y.Cmp(hexInt("489C375A9941A3049E33B34361DD204172AD98C3E5916DE27695D22A61FAE46E")) != 0 {
		t.Errorf("y of k·P: %x", at.y)
	}
}

// The example of 512 bits of GOST R 34.10-2012 appendix A.2; RFC 9215 appendices D.3 and E use its curve, key and nonce.
func TestReference_GivesTheExampleOf512Bits(t *testing.T) {
	exampleHolds(t, &example512, exampleKey,
		hexInt("3754F3CFACC9E0615C4F4A7C4D8DAB531B09B6F9C170C533A71D147035B0C5917184EE536593F4414339976C647C5D5A407ADEDB1D560C4FC6777D2972075B8C"),
		hexInt("359E7F4B1410FEACC570456C6801496946312120B39D019D455986E364F365886748ED7A44B3E794434006011842286212273A6D14CF70EA3AF71BB1AE679F1"),
		hexInt("2F86FA60A081091A23DD795E1E3C689EE512A3C82EE0DCC2643C78EEA8FCACD35492558486B20F1C9EC197C90699850260C93BCBCD9C5C3317E19344E173AE36"),
		hexInt("1081B394696FFE8E6585E7A9362D26B6325F56778AADBC081C0BFBE933D52FF5823CE288E8C4F362526080DF7F70CE406A6EEB1F56919CB92A9853BDE73E5B4A"),
		examplePublic)
}

// RFC 9215 appendix D.3.
var (
	exampleKey    = hexInt("0BA6048AADAE241BA40936D47756D7C93091A0E8514669700EE7508E508B102072E8123B2200A0563322DAD2827E2714A2636B7BFD18AADFC62967821FA18DD4")
	examplePublic = place{hexInt("115DC5BC96760C7B48598D8AB9E740D4C4A85A65BE33C1815B5C320C854621DD5A515856D13314AF69BC5B924C8B4DDFF75C45415C1D9DD9DD33612CD530EFE1"),
		hexInt("37C7C90CD40B0F5621DC3AC1B751CFA0E2634FA0503B3D52639F5D7FB72AFD61EA199441D943FFE7F0C70A2759A3CDB84C114E1F9339FDF27F35ECA93677BEEC")}
)

func exampleHolds(t *testing.T, c *curve, d, e, k, r, s *big.Int, q place) {
	t.Helper()
	if !c.on(c.base()) || c.multiple(c.q, c.base()).x != nil {
		t.Fatal("the base point is not of order q")
	}
	if at := c.multiple(d, c.base()); at.x.Cmp(q.x) != 0 || at.y.Cmp(q.y) != 0 {
		t.Errorf("public key %x, %x", at.x, at.y)
	}
	gotR, gotS := c.sign(d, e, k)
	if gotR.Cmp(r) != 0 || gotS.Cmp(s) != 0 {
		t.Errorf("signature %x, %x", gotR, gotS)
	}
	if !c.verify(q, e, r, s) || c.verify(q, new(big.Int).Add(e, big.NewInt(1)), r, s) {
		t.Error("verification")
	}
}

// Request, certificate and revocation list of RFC 9215 appendix D.3: Streebog, octet order and encodings, on the reference's curve.
func TestReference_VerifiesTheExamplesOfRFC9215(t *testing.T) {
	for name, text := range examplesOfRFC9215 {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		var signed struct {
			Body      asn1.RawValue
			Algorithm struct{ ID asn1.ObjectIdentifier }
			Signature asn1.BitString
		}
		if rest, err := asn1.Unmarshal(der, &signed); err != nil || len(rest) > 0 {
			t.Fatalf("%s: %v", name, err)
		}
		if !signed.Algorithm.ID.Equal(Russian.SignatureOID()) {
			t.Errorf("%s: signed by %v", name, signed.Algorithm.ID)
		}
		digest := Sum512(signed.Body.FullBytes)
		e := example512.number(new(big.Int).SetBytes(backwards(digest[:])))
		s, r := new(big.Int).SetBytes(signed.Signature.Bytes[:64]), new(big.Int).SetBytes(signed.Signature.Bytes[64:])
		if !example512.verify(examplePublic, e, r, s) {
			t.Errorf("%s: refused", name)
		}
	}
	der, _ := base64.StdEncoding.DecodeString(examplesOfRFC9215["certificate request"])
	var request struct {
		Body struct {
			Version         int
			Subject, Public asn1.RawValue
			Attributes      asn1.RawValue
		}
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &request); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ParsePublicKey(request.Body.Public.FullBytes); !errors.Is(err, ErrParameters) {
		t.Errorf("the test parameters, MUST NOT be used outside of testing (§4.2): %v", err)
	}
}

var examplesOfRFC9215 = map[string]string{
	"certificate request": "" +
		"MIIBTzCBvAIBADASMRAwDgYDVQQDEwdFeGFtcGxlMIGgMBcGCCqFAwcBAQECMAsGCSqFAwcBAgECAAOBhAAEgYDh7zDVLGEz3dmdHVxBRVz3302LTJJb" +
		"vGmvFDPRVlhRWt0hRoUMMlxbgcEzvmVaqMTUQOe5io1ZSHsMdpa8xV0R7L53NqnsNX/y/TmTH04RTLjNo1knCsfw5/9D2UGUGeph/Sq3f12fY1I9O1Cg" +
		"T2PioM9Rt8E63CFWDwvUDMnHN6AAMAoGCCqFAwcBAQMDA4GBAEM7HWzkClHx5XN+sWqixoOCmkBbnZEn4hJg/J1qwF2HvyTibEUnilwhkqdbqUmTq9YH" +
		"Tn/xvwP9L1OXr6HZRVgvhvpgoIEJGiPdeV4ePGie5RKjyC7g3MJkPHjuqPys01SSVYSGsg8cnsGXyQaZhQJgyTvLzZxcMxfhk0Thc642",
	"certificate": "" +
		"MIIBqjCCARagAwIBAgIBCzAKBggqhQMHAQEDAzASMRAwDgYDVQQDEwdFeGFtcGxlMCAXDTAxMDEwMTAwMDAwMFoYDzIwNTAxMjMxMDAwMDAwWjASMRAw" +
		"DgYDVQQDEwdFeGFtcGxlMIGgMBcGCCqFAwcBAQECMAsGCSqFAwcBAgECAAOBhAAEgYDh7zDVLGEz3dmdHVxBRVz3302LTJJbvGmvFDPRVlhRWt0hRoUM" +
		"MlxbgcEzvmVaqMTUQOe5io1ZSHsMdpa8xV0R7L53NqnsNX/y/TmTH04RTLjNo1knCsfw5/9D2UGUGeph/Sq3f12fY1I9O1CgT2PioM9Rt8E63CFWDwvU" +
		"DMnHN6MTMBEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhQMHAQEDAwOBgQBBVwPYkvGl8/aMQ1MYmn7iB7gLVjHvnUlSmk1rVCws+hWqLqzxH0cP3n2VSFaQ" +
		"PDX9j5Ve8wDZXHdTSnJKDu5wL4b6YKCBCRoj3XleHjxonuUSo8gu4NzCZDx47qj8rNNUklWEhrIPHJ7Bl8kGmYUCYMk7y82cXDMX4ZNE4XOuNg==",
	"revocation list": "" +
		"MIHTMEECAQEwCgYIKoUDBwEBAwMwEjEQMA4GA1UEAxMHRXhhbXBsZRcNMTQwMTAxMDAwMDAwWhcNMTQwMTAyMDAwMDAwWjAKBggqhQMHAQEDAwOBgQA6" +
		"E/t67NtVYO72E3z8XdZGkXMuv7NpCh/Ax+ik7uoIMH1kjU3AmGxGqHs/vkx69C6jQ1nHlZVMo5/zq77ZBR9NL4b6YKCBCRoj3XleHjxonuUSo8gu4NzC" +
		"ZDx47qj8rNNUklWEhrIPHJ7Bl8kGmYUCYMk7y82cXDMX4ZNE4XOuNg==",
}
