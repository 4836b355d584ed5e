package centre

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
)

// counters are what /metrics shows. A name may carry labels in Prometheus' notation; none is personal.
type counters struct {
	mu  sync.Mutex // held for one map operation
	all map[string]int64
}

func (c *counters) add(name string, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[string]int64{}
	}
	c.all[name] += n
}

// helps says what each metric counts.
var helps = map[string]string{
	"tirkeu_cmp_requests_total":         "CMP messages answered, by profile.",
	"tirkeu_api_requests_total":         "REST calls answered, by call and HTTP status.",
	"tirkeu_certificates_issued_total":  "Certificates signed, by template.",
	"tirkeu_certificates_revoked_total": "Certificates revoked.",
	"tirkeu_applications_filed_total":   "Applications taken in.",
	"tirkeu_decisions_total":            "Decisions taken, by verdict.",
	"tirkeu_ocsp_requests_total":        "OCSP questions answered.",
}

// write writes all counters in Prometheus' text format 0.0.4.
func (c *counters) write(w io.Writer) error {
	c.mu.Lock()
	lines := make(map[string][]string)
	for name, n := range c.all {
		family, _, _ := strings.Cut(name, "{")
		lines[family] = append(lines[family], fmt.Sprintf("%s %d\n", name, n))
	}
	c.mu.Unlock()
	families := make([]string, 0, len(helps))
	for family := range helps {
		families = append(families, family)
	}
	sort.Strings(families)
	for _, family := range families {
		sort.Strings(lines[family])
		if _, err := fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s counter\n%s", family, helps[family], family, strings.Join(lines[family], "")); err != nil {
			return err
		}
	}
	return nil
}
