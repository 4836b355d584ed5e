package centre

import (
	"fmt"
	"net/http"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/authority"
)

// Handler answers everything the centre is asked over TLS: REST, CMP, lists, OCSP, health and metrics.
func (c *Centre) Handler() (http.Handler, error) {
	speak, err := c.cmpHandler()
	if err != nil {
		return nil, fmt.Errorf("speaking CMP: %w", err)
	}
	mux := http.NewServeMux()
	c.routes(mux)
	mux.HandleFunc("GET /api/v1/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(api.Specification) // the client has gone; there is nobody to tell
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_ = c.metrics.write(w)
	})
	mux.Handle("/.well-known/cmp/p/{profile}", speak)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		c.writeRefusal(w, r, refuse(api.ErrorCodeNotFound, "there is no such call"))
	})
	return c.withOpen(mux), nil
}

// PlainHandler answers what may be asked without TLS, because it is signed itself or public: lists, certificates, OCSP
// and health.
func (c *Centre) PlainHandler() http.Handler { return c.withOpen(http.NewServeMux()) }

// withOpen adds to mux what needs no client certificate on either listener.
func (c *Centre) withOpen(mux *http.ServeMux) http.Handler {
	mux.HandleFunc("GET /healthz", c.health)
	mux.HandleFunc("GET /ca/{file}", c.serveList)
	mux.HandleFunc("GET /crl/{file}", c.serveList)
	responder := &authority.Responder{Authority: c.authority, Store: c, Log: func(err error) { c.log.Error("OCSP failed", "error", err) }}
	guarded := responder.Over(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		guarded.ServeHTTP(w, r)
	})
}

func (c *Centre) health(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := c.db.Ping(r.Context()); err != nil {
		c.log.Error("the database does not answer", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "the database does not answer")
		return
	}
	fmt.Fprintln(w, "ok")
}
