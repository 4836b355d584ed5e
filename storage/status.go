package storage

// Status is how far an application has come, in the words of sync/registry.
type Status string

// The statuses in the order they are passed.
const (
	Queued    Status = "queued"
	Waiting   Status = "waiting"
	Confirmed Status = "confirmed"
	Issued    Status = "issued"
	Installed Status = "installed"
	Rejected  Status = "rejected"
	Expired   Status = "expired"
	Revoked   Status = "revoked"
)

// rank orders the statuses along the way.
var rank = map[Status]int{Queued: 1, Waiting: 2, Confirmed: 3, Issued: 4, Installed: 5, Rejected: 6, Expired: 6, Revoked: 6}

// Final says that nothing follows.
func (s Status) Final() bool { return s == Installed || s == Rejected || s == Expired || s == Revoked }

// May says whether an application may go from s to next. It never goes back; it is rejected, expires or ends revoked only
// before its certificates are issued; steps in between may be passed unseen by the kiosk.
func (s Status) May(next Status) bool {
	switch {
	case rank[s] == 0 || rank[next] == 0 || s.Final() || s == next:
		return false
	case next == Rejected || next == Expired || next == Revoked:
		return rank[s] < rank[Issued]
	case next == Installed:
		return s == Issued
	}
	return rank[next] > rank[s]
}
