package terminal

import (
	"crypto/x509"
	"errors"
	"fmt"
)

// One source makes three programs, told apart by build tags and by nothing that can be given to a program that was built: no flag, file or variable
// makes one of another. What sets them apart stands in edition_*.go.
//
//	tirkeu           no tag          serves people; takes no virtual bench
//	tirkeu-demo      demonstration   the same on a virtual bench, for trying and testing it; the header says so
//	tirkeu-training  training        for staff who learn: a virtual bench, data of its own, a sandbox authority alone, a band over every screen

// Why a state folder is refused. Nothing in it was changed.
var (
	errOtherEdition = errors.New("the training program and a working terminal share no data: name another state folder with --state")
	errNotSandbox   = errors.New("the centre is no sandbox: the training program joins a sandbox centre alone")
)

// ours says whether a device was enrolled by this edition.
func (d Device) ours() error {
	if d.Edition != edition {
		return fmt.Errorf("reading device.json: it is of the edition %q instead of %q: %w", d.Edition, edition, errOtherEdition)
	}
	return nil
}

// authority judges a centre by its root and the CAs between.
type authority func(root *x509.Certificate, chain []*x509.Certificate) error
