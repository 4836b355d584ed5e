package ccid

import (
	"bytes"
	"context"
	"encoding/binary"
)

// maxMessage is the longest message, header included (CCID §5.1, dwMaxCCIDMessageLength).
const maxMessage = 3072

const headerSize = 10

// Messages of the host (CCID §6.1) and of the reader (§6.2).
const (
	iccPowerOn      = 0x62
	iccPowerOff     = 0x63
	getSlotStatus   = 0x65
	xfrBlock        = 0x6f
	getParameters   = 0x6c
	resetParameters = 0x6d
	setParameters   = 0x61

	dataBlock  = 0x80
	slotStatus = 0x81
	parameters = 0x82
)

// bStatus (CCID §6.2.6): state of the card, and how the command went.
const (
	stateActive   = 0
	stateInactive = 1
	stateAbsent   = 2

	commandFailed        = 1 << 6
	commandTimeExtension = 2 << 6
)

// bError of a failed command (CCID §6.2.6, table 6.2-2): also the offset of the field that was wrong.
const (
	errorUnsupported = 0x00
	errorLength      = 0x01
	errorSlot        = 0x05
	errorMute        = 0xfe
)

// reply makes a message of the reader: header and data.
func reply(kind byte, head [3]byte, status, failure, last byte, data []byte) []byte {
	out := make([]byte, headerSize, headerSize+len(data))
	out[0] = kind
	binary.LittleEndian.PutUint32(out[1:], uint32(len(data)))
	out[5], out[6], out[7], out[8], out[9] = head[1], head[2], status, failure, last
	return append(out, data...)
}

// take begins a command of the host. r.mu is held; whoever reads from the reader waits for r.answer.
func (r *Reader) take(ctx context.Context, message []byte) {
	r.answer = make(chan []byte, 1)
	if len(message) < headerSize {
		r.answer <- reply(slotStatus, r.head, r.state()|commandFailed, errorLength, 0, nil)
		return
	}
	r.head = [3]byte{answerOf(message[0]), message[5], message[6]}
	data := message[headerSize:]
	fail := func(failure byte) { r.answer <- reply(r.head[0], r.head, r.state()|commandFailed, failure, 0, nil) }
	if int(binary.LittleEndian.Uint32(message[1:])) != len(data) {
		fail(errorLength)
		return
	}
	if message[5] != 0 {
		fail(errorSlot)
		return
	}
	switch message[0] {
	case getSlotStatus:
		r.answer <- reply(slotStatus, r.head, r.state(), 0, 0, nil)
		return
	case iccPowerOff:
		r.powerOff()
		r.answer <- reply(slotStatus, r.head, r.state(), 0, 1, nil)
		return
	}
	if r.card == nil {
		fail(errorMute)
		return
	}
	switch message[0] {
	case iccPowerOn:
		r.powerOff()
		r.card.Reset()
		r.powered = true
		r.answer <- reply(dataBlock, r.head, stateActive, 0, 0, bytes.Clone(r.card.ATR()))
	case getParameters, resetParameters, setParameters: // the reader sets them by the ATR; these are T=1's defaults (CCID §6.2.3)
		r.answer <- reply(parameters, r.head, r.state(), 0, 1, []byte{0x11, 0x10, 0, 0x4d, 0, 0xfe, 0})
	case xfrBlock:
		if !r.powered {
			fail(errorMute)
			return
		}
		r.exchange(ctx, data)
	default:
		fail(errorUnsupported)
	}
}

// exchange lets the card compute, in a goroutine of its own: it may take long, and the reader is asked for its state meanwhile. r.mu is held.
func (r *Reader) exchange(ctx context.Context, command []byte) {
	ctx, stop := context.WithCancel(ctx)
	r.stop = stop
	card, head, answer := r.card, r.head, r.answer
	go func() {
		defer stop()
		response := card.Transmit(ctx, command)
		if ctx.Err() != nil { // no power any more
			answer <- reply(dataBlock, head, stateAbsent|commandFailed, errorMute, 0, nil)
			return
		}
		answer <- reply(dataBlock, head, stateActive, 0, 0, response)
	}()
}

// state is bmICCStatus. r.mu is held.
func (r *Reader) state() byte {
	switch {
	case r.card == nil:
		return stateAbsent
	case !r.powered:
		return stateInactive
	}
	return stateActive
}

// answerOf is the kind of message that answers a command (CCID table 6.1-1).
func answerOf(command byte) byte {
	switch command {
	case iccPowerOn, xfrBlock:
		return dataBlock
	case getParameters, resetParameters, setParameters:
		return parameters
	}
	return slotStatus
}
