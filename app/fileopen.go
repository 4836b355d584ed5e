package app

import (
	"bytes"
	"context"
	"errors"

	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/hardware/stick"
)

// filesPassword asks for the password of the picked file.
type filesPassword struct {
	picked
	oddly
}

func (*filesPassword) name() string        { return "files.password" }
func (s *filesPassword) back(*Kiosk) state { return s.list }
func (s *filesPassword) view(k *Kiosk) any { return FilesPasswordScreen{File: s.card(k)} }
func (s *filesPassword) act(k *Kiosk, action string, args []byte) *fault {
	if action != "files.password" {
		return nil
	}
	var a FilePasswordArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	if f := s.refuse(a.Password); f != nil {
		return f
	}
	password := keyfile.NewPassword(a.Password)
	a = FilePasswordArgs{}
	at, joined := s.picked, k.joined
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		keys, err := k.openFile(ctx, joined, at.file(), password)
		return func() {
			switch {
			case errors.Is(err, stick.ErrAbsent):
				k.toStick(fileFault(err))
			case err != nil:
				k.fail(fileFault(err))
			default:
				k.at = &filesDetail{picked: at, keys: keys}
			}
		}
	})
	return nil
}

// oddly remembers that something odd about a typed password has been said, and nothing of the password.
type oddly struct{ said bool }

// refuse is what can be said of a password before it is tried: nothing was typed; letters that look like Latin ones are
// not. That is said once: a file from elsewhere may have such a password.
func (o *oddly) refuse(password string) *fault {
	if password == "" {
		return &fault{code: CodeFilePasswordEmpty}
	}
	odd := keyfile.TypedOddly(password)
	if odd == "" || o.said {
		o.said = false
		return nil
	}
	o.said = true
	if odd == "cyrillic" {
		return &fault{code: CodeFileCyrillic}
	}
	return &fault{code: CodeFileOutside}
}

// openFile reads a key file and says what is in it. Password and private keys are gone when it returns.
func (k *Kiosk) openFile(ctx context.Context, joined *Joined, name string, password keyfile.Password) ([]fileKey, error) {
	file, err := k.readFile(name, password)
	if err != nil {
		return nil, err
	}
	keys := filed(file)
	if len(keys) == 0 {
		return nil, is(CodeFileEmpty, errors.New("a key file without keys and certificates"))
	}
	for i := range keys {
		if keys[i].cert != nil && joined != nil {
			asking, cancel := context.WithTimeout(ctx, lookupWithin)
			keys[i].standing = joined.Line.Standing(asking, keys[i].cert, keys[i].beside)
			cancel()
		}
	}
	return keys, nil
}

// readFile opens a key file of the stick. The password is gone when it returns.
func (k *Kiosk) readFile(name string, password keyfile.Password) (keyfile.File, error) {
	defer password.Wipe()
	data, err := k.cfg.Stick.Read(name, keyfile.MaxSize)
	if err != nil {
		return keyfile.File{}, err
	}
	return keyfile.Open(bytes.NewReader(data), password)
}

// fileFault says what is wrong with a key file or its stick. What the rooms below said may name the file, and so a person:
// only the kind of error goes on to the log.
func fileFault(err error) *fault {
	var f *faultError
	if errors.As(err, &f) {
		return f.fault
	}
	for _, s := range fileSentences {
		if errors.Is(err, s.err) {
			return &fault{code: s.code, err: s.err}
		}
	}
	return &fault{code: CodeFileUnreadable, err: errors.New(typeOf(err))}
}

var fileSentences = []sentence{
	{stick.ErrAbsent, CodeStickAbsent}, {stick.ErrNotFound, CodeFileGone}, {stick.ErrNotPlain, CodeFileLink},
	{stick.ErrTooLarge, CodeFileTooLarge}, {stick.ErrName, CodeFileUnreadable}, {stick.ErrDamaged, CodeFileUnreadable},
	{keyfile.ErrPassword, CodeFilePassword}, {keyfile.ErrDamaged, CodeFileDamaged}, {keyfile.ErrUnsupported, CodeFileUnsupported},
	{keyfile.ErrTooLarge, CodeFileTooLarge},
}
