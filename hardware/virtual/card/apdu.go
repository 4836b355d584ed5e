package card

import "errors"

// status is SW1 and SW2 (ISO/IEC 7816-4 §5.6).
type status uint16

const (
	statusOK           status = 0x9000
	statusMore         status = 0x6100 // SW2: octets still to be fetched by GET RESPONSE
	statusTriesLeft    status = 0x63c0 // SW2: the low digit is the number of tries left
	statusMemory       status = 0x6581
	statusLength       status = 0x6700
	statusSecurity     status = 0x6982
	statusBlocked      status = 0x6983
	statusDataInvalid  status = 0x6984
	statusConditions   status = 0x6985
	statusNoCurrentEF  status = 0x6986
	statusWrongData    status = 0x6a80
	statusUnsupported  status = 0x6a81
	statusNotFound     status = 0x6a82
	statusFull         status = 0x6a84
	statusP1P2         status = 0x6a86
	statusNoKey        status = 0x6a88
	statusExists       status = 0x6a89
	statusOffset       status = 0x6b00
	statusInstruction  status = 0x6d00
	statusClass        status = 0x6e00
	chainingBit               = 0x10
	shortLe                   = 256
	maxChained                = 4096 // octets of a command that comes in several APDUs
	maxAnswerInOneAPDU        = 256
)

// command is a command APDU (ISO/IEC 7816-3 §12.1).
type command struct {
	class, instruction, p1, p2 byte
	data                       []byte
	expected                   int // Le; 256 where none is given, for T=0 has none beside data
}

var errAPDU = errors.New("not a command APDU")

func parseCommand(octets []byte) (command, error) {
	if len(octets) < 4 {
		return command{}, errAPDU
	}
	c := command{class: octets[0], instruction: octets[1], p1: octets[2], p2: octets[3], expected: shortLe}
	body := octets[4:]
	switch {
	case len(body) == 0: // case 1
		return c, nil
	case len(body) == 1: // case 2, short
		if body[0] != 0 {
			c.expected = int(body[0])
		}
		return c, nil
	case body[0] != 0: // cases 3 and 4, short
		n := int(body[0])
		if len(body) != 1+n && len(body) != 2+n {
			return command{}, errAPDU
		}
		c.data = body[1 : 1+n]
		if len(body) == 2+n && body[1+n] != 0 {
			c.expected = int(body[1+n])
		}
		return c, nil
	case len(body) < 3:
		return command{}, errAPDU
	}
	n := int(body[1])<<8 | int(body[2])
	body = body[3:]
	if len(body) == 0 { // case 2, extended
		c.expected = extended(n)
		return c, nil
	}
	if len(body) != n && len(body) != n+2 {
		return command{}, errAPDU
	}
	c.data = body[:n]
	if len(body) == n+2 {
		c.expected = extended(int(body[n])<<8 | int(body[n+1]))
	}
	return c, nil
}

func extended(le int) int {
	if le == 0 {
		return 65536
	}
	return le
}

// tlv encodes a data object of BER-TLV (ISO/IEC 7816-4 §5.2.2); tags have one or two octets.
func tlv(tag uint16, value []byte) []byte {
	var out []byte
	if tag > 0xff {
		out = append(out, byte(tag>>8))
	}
	out = append(out, byte(tag))
	switch n := len(value); {
	case n < 0x80:
		out = append(out, byte(n))
	case n < 0x100:
		out = append(out, 0x81, byte(n))
	default:
		out = append(out, 0x82, byte(n>>8), byte(n))
	}
	return append(out, value...)
}

// parseTLV gives the values of data objects that stand side by side, by their tags of one octet. What follows a damaged one is left out.
func parseTLV(octets []byte) map[byte][]byte {
	out := map[byte][]byte{}
	for len(octets) >= 2 {
		tag, n, at := octets[0], int(octets[1]), 2
		switch {
		case n == 0x81 && len(octets) > 2:
			n, at = int(octets[2]), 3
		case n == 0x82 && len(octets) > 3:
			n, at = int(octets[2])<<8|int(octets[3]), 4
		case n >= 0x80:
			return out
		}
		if len(octets) < at+n {
			return out
		}
		out[tag] = octets[at : at+n]
		octets = octets[at+n:]
	}
	return out
}
