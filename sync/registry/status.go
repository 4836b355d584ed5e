package registry

// Status is how far an application has come.
type Status string

// The statuses, in the order they are passed. Rejected and expired end the way; queued exists at the kiosk only, until
// the centre has the application.
const (
	StatusQueued    Status = "queued"
	StatusWaiting   Status = "waiting"
	StatusConfirmed Status = "confirmed"
	StatusRejected  Status = "rejected"
	StatusExpired   Status = "expired"
	StatusIssued    Status = "issued"
	StatusInstalled Status = "installed"
)

// Statuses are all of them.
var Statuses = []Status{StatusQueued, StatusWaiting, StatusConfirmed, StatusRejected, StatusExpired, StatusIssued, StatusInstalled}

// rank orders the statuses along the way.
var rank = map[Status]int{StatusQueued: 1, StatusWaiting: 2, StatusConfirmed: 3, StatusIssued: 4, StatusInstalled: 5, StatusRejected: 6, StatusExpired: 6}

// Known says whether s is one of Statuses.
func (s Status) Known() bool { return rank[s] != 0 }

// Final says that nothing follows.
func (s Status) Final() bool {
	return s == StatusInstalled || s == StatusRejected || s == StatusExpired
}

// May says whether an application may go from s to next. An application never goes back; it is rejected or expires only
// before its certificates are issued; steps in between may be passed unseen by the kiosk.
func (s Status) May(next Status) bool {
	switch {
	case !s.Known() || !next.Known() || s.Final() || s == next:
		return false
	case next == StatusRejected || next == StatusExpired:
		return rank[s] < rank[StatusIssued]
	case next == StatusInstalled:
		return s == StatusIssued
	}
	return rank[next] > rank[s]
}
