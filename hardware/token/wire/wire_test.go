package wire

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"
)

func TestWire_WhatIsWrittenIsRead(t *testing.T) {
	var pipe bytes.Buffer
	sent := Request{ID: 7, Op: OpLogin, Seen: 3, PIN: []byte("1234"), KeyID: []byte{0, 255}}
	if err := Write(&pipe, sent); err != nil {
		t.Fatal(err)
	}
	var got Request
	if err := Read(&pipe, &got); err != nil || !reflect.DeepEqual(got, sent) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := Read(&pipe, &got); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	sent.Wipe()
	if string(sent.PIN) != "\x00\x00\x00\x00" {
		t.Error("not wiped")
	}
	if err := Write(&pipe, Request{Data: make([]byte, MaxFrame)}); !errors.Is(err, ErrFrame) {
		t.Errorf("a frame beyond the limit: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x02{}"))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Add([]byte("\x00\x00\x00\x09{\"id\":1}x"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		in := bytes.NewReader(octets)
		for {
			var a Answer
			err := Read(in, &a)
			if err == nil {
				continue
			}
			if err != io.EOF && !errors.Is(err, ErrFrame) {
				t.Fatalf("%v", err)
			}
			return
		}
	})
}
