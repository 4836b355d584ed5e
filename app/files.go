package app

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tirkeu/kiosk/hardware/stick"
)

// maxListed is how many key files are shown; nobody looks through more. stickWithin is how long a stick may be looked through.
const (
	maxListed   = 200
	stickWithin = 30 * time.Second
)

// filesMedium asks for the stick whose key files shall be looked at; one that is in is looked at at once.
type filesMedium struct {
	looked bool // the stick that is in has been looked at
}

func (*filesMedium) name() string        { return "files.medium" }
func (*filesMedium) back(k *Kiosk) state { return k.top() }
func (*filesMedium) view(k *Kiosk) any {
	return FilesMediumScreen{Present: k.stick, Why: k.stickCard().Why}
}
func (s *filesMedium) plugged(k *Kiosk) {
	if !k.stick {
		s.looked = false
		return
	}
	if !s.looked {
		s.looked = true
		k.listFiles()
	}
}

func (s *filesMedium) act(k *Kiosk, action string, _ []byte) *fault {
	if action != "files.look" {
		return nil
	}
	if !k.stick {
		return &fault{code: CodeStickAbsent}
	}
	s.looked = true
	k.listFiles()
	return nil
}

// listFiles looks what key files the stick holds. Under the lock.
func (k *Kiosk) listFiles() {
	k.findFiles(func(list *filesList, err error) {
		switch {
		case errors.Is(err, stick.ErrAbsent):
			k.toStick(&fault{code: CodeStickAbsent})
		case err != nil:
			k.toStick(&fault{code: CodeStickUnread, err: errors.New(typeOf(err))})
		default:
			k.at = list
		}
	})
}

// findFiles looks for key files and tells what was found, under the lock. Under the lock.
func (k *Kiosk) findFiles(tell func(list *filesList, err error)) {
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		ctx, cancel := context.WithTimeout(ctx, stickWithin)
		defer cancel()
		found, err := k.cfg.Stick.KeyFiles(ctx)
		more := errors.Is(err, stick.ErrTooMany)
		if more {
			err = nil
		}
		// What can be opened stands first, in the order of the names.
		slices.SortStableFunc(found, func(a, b stick.Found) int { return cmp.Compare(min(1, len(a.Problem)), min(1, len(b.Problem))) })
		if len(found) > maxListed {
			found, more = found[:maxListed], true
		}
		return func() { tell(&filesList{files: found, more: more}, err) }
	})
}

// toStick goes back to where a stick is asked for, with what happened. Under the lock.
func (k *Kiosk) toStick(f *fault) {
	k.at = &filesMedium{looked: k.stick} // the same stick is not looked at again unasked
	k.fail(f)
}

// stickGone ends what rests on a stick that was taken out; nothing of it was being written. Under the lock.
func (k *Kiosk) stickGone() {
	if !k.stick {
		k.toStick(&fault{code: CodeStickAbsent})
	}
}

// filesList lets the citizen pick one of the key files on the stick.
type filesList struct {
	files []stick.Found
	more  bool // there are more than these
}

func (*filesList) name() string        { return "files.list" }
func (*filesList) back(k *Kiosk) state { return k.top() }
func (*filesList) plugged(k *Kiosk)    { k.stickGone() }
func (s *filesList) view(k *Kiosk) any {
	v := FilesListScreen{Files: []FileCard{}, More: s.more}
	for n := range s.files {
		v.Files = append(v.Files, s.card(k, n))
	}
	return v
}

func (s *filesList) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "files.look":
		k.listFiles()
	case "files.open":
		file, f := s.pick(args)
		if f != nil {
			return f
		}
		k.at = &filesPassword{picked: file}
	}
	return nil
}

// pick gives the file of the list that the arguments name, when something can be done with it.
func (s *filesList) pick(args []byte) (picked, *fault) {
	var a FileArgs
	err := decode(args, &a)
	if err != nil {
		return picked{}, &fault{code: CodeInternal, err: err}
	}
	if a.File < 0 || a.File >= len(s.files) {
		return picked{}, &fault{code: CodeFileGone}
	}
	if f := fileProblem(s.files[a.File].Problem); f != nil {
		return picked{}, f
	}
	return picked{list: s, n: a.File}, nil
}

// picked is the file of the list that the screens after it are about.
type picked struct {
	list *filesList
	n    int
}

// file is its name on the stick.
func (p picked) file() string           { return p.list.files[p.n].Name }
func (p picked) card(k *Kiosk) FileCard { return p.list.card(k, p.n) }
func (p picked) plugged(k *Kiosk)       { k.stickGone() }
