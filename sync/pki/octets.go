package pki

import (
	"errors"
	"fmt"
	"hash"
	"io"

	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// octetsWindow is how much of a stream is in memory at once; no element that is read whole may be longer.
const octetsWindow = 64 << 10

var errNotDER = errors.New("it is not DER")

// octets reads DER from a stream through a window of fixed size and digests what was read meanwhile, so
// that a signature over twenty megabytes is verified without having them.
type octets struct {
	in         io.Reader
	window     []byte
	start, end int   // what is in the window and not read yet
	offset     int64 // of start, in the stream

	digesting bool
	digest    hash.Hash // nil while digesting: not chosen yet, what was read stays in the window
	digested  int       // up to here the window is digested; meaningless when not digesting
}

func newOctets(in io.Reader) *octets {
	return &octets{in: in, window: make([]byte, octetsWindow)}
}

// peek gives the next n octets without reading them. They are valid until the next call.
func (o *octets) peek(n int) ([]byte, error) {
	if n > octetsWindow/2 {
		return nil, fmt.Errorf("%w: an element of %d octets", errNotDER, n)
	}
	for o.end-o.start < n {
		if o.end == len(o.window) {
			if err := o.slide(); err != nil {
				return nil, err
			}
		}
		read, err := o.in.Read(o.window[o.end:])
		o.end += read
		if err == io.EOF && o.end-o.start < n {
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil && err != io.EOF {
			return nil, err
		}
	}
	return o.window[o.start : o.start+n], nil
}

// slide makes room at the window's end.
func (o *octets) slide() error {
	keep := o.start
	if o.digesting {
		if o.digest != nil {
			o.digest.Write(o.window[o.digested:o.start])
			o.digested = o.start
		}
		keep = o.digested
	}
	if keep == 0 {
		return fmt.Errorf("%w: its head is too long", errNotDER)
	}
	copy(o.window, o.window[keep:o.end])
	o.start, o.end, o.digested = o.start-keep, o.end-keep, o.digested-keep
	return nil
}

// skip reads n octets that were peeked at.
func (o *octets) skip(n int) { o.start, o.offset = o.start+n, o.offset+int64(n) }

// begin starts digesting with the next octet; choose says with what, before a window has passed.
func (o *octets) begin() { o.digesting, o.digest, o.digested = true, nil, o.start }

func (o *octets) choose(digest hash.Hash) { o.digest = digest }

// sum ends digesting with the last octet read.
func (o *octets) sum() []byte {
	o.digest.Write(o.window[o.digested:o.start])
	o.digesting = false
	return o.digest.Sum(nil)
}

// next looks at the next element: its tag, the octets of its head, and those of its content. Only low
// tags and definite, shortest lengths are DER (X.690 §10.1).
func (o *octets) next() (tag cbasn1.Tag, head int, length int64, err error) {
	two, err := o.peek(2)
	if err != nil {
		return 0, 0, 0, err
	}
	tag = cbasn1.Tag(two[0])
	if two[0]&0x1f == 0x1f {
		return 0, 0, 0, fmt.Errorf("%w: a high tag", errNotDER)
	}
	if two[1] < 0x80 {
		return tag, 2, int64(two[1]), nil
	}
	count := int(two[1] & 0x7f)
	if count == 0 || count > 4 {
		return 0, 0, 0, fmt.Errorf("%w: a length of %d octets", errNotDER, count)
	}
	whole, err := o.peek(2 + count)
	if err != nil {
		return 0, 0, 0, err
	}
	for _, octet := range whole[2:] {
		length = length<<8 | int64(octet)
	}
	if length < 0x80 || length < 1<<(8*(count-1)) {
		return 0, 0, 0, fmt.Errorf("%w: a length that is not the shortest", errNotDER)
	}
	return tag, 2 + count, length, nil
}

// open reads the head of a constructed element and gives the offset it ends at.
func (o *octets) open(want cbasn1.Tag) (end int64, err error) {
	tag, head, length, err := o.next()
	if err != nil {
		return 0, err
	}
	if tag != want {
		return 0, fmt.Errorf("%w: tag %#x instead of %#x", errNotDER, uint8(tag), uint8(want))
	}
	o.skip(head)
	return o.offset + length, nil
}

// element reads a whole element of at most limit octets, head included. The octets are valid until the
// next call.
func (o *octets) element(limit int) ([]byte, error) {
	_, head, length, err := o.next()
	if err != nil {
		return nil, err
	}
	if int64(head)+length > int64(limit) {
		return nil, fmt.Errorf("%w: an element of %d octets", errNotDER, length)
	}
	whole, err := o.peek(head + int(length))
	if err != nil {
		return nil, err
	}
	o.skip(len(whole))
	return whole, nil
}

// ended says whether the stream has no more octets.
func (o *octets) ended() (bool, error) {
	_, err := o.peek(1)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return true, nil
	}
	return false, err
}
