package registry

import "slices"

// Status is how far an application has come.
type Status string

// The statuses, in the order they are passed. Rejected and expired end the way; queued exists at the kiosk only, until
// the centre has the application. Revoked is the end of an application for revocation, which is never issued or installed.
const (
	StatusQueued    Status = "queued"
	StatusWaiting   Status = "waiting"
	StatusConfirmed Status = "confirmed"
	StatusRejected  Status = "rejected"
	StatusExpired   Status = "expired"
	StatusIssued    Status = "issued"
	StatusInstalled Status = "installed"
	StatusRevoked   Status = "revoked"
)

// Statuses are all of them.
var Statuses = []Status{StatusQueued, StatusWaiting, StatusConfirmed, StatusRejected, StatusExpired, StatusIssued, StatusInstalled, StatusRevoked}

// Known says whether s is one of Statuses.
func (s Status) Known() bool { return slices.Contains(Statuses, s) }

// Denied says that the way has ended without what was applied for.
func (s Status) Denied() bool { return s == StatusRejected || s == StatusExpired }

// Final says that nothing follows.
func (s Status) Final() bool { return s.Denied() || s == StatusInstalled || s == StatusRevoked }
