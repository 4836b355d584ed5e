package cmp

import (
	"io"
	"mime"
	"net/http"
	"strings"
)

// PathPrefix is where a server listens; the profile's name follows it (RFC 9811 §3.3).
const PathPrefix = "/.well-known/cmp/p/"

// ServeHTTP carries CMP over HTTP (RFC 9811 §3): POST of application/pkixcmp to PathPrefix + profile, at most [MaxMessage] octets. An error
// message is 200 like every answer of CMP; only what cannot be taken for CMP by its method, type or size has another status.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	profile, ok := strings.CutPrefix(r.URL.Path, PathPrefix)
	if !ok || profile == "" || strings.Contains(profile, "/") {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "CMP messages come by POST", http.StatusMethodNotAllowed)
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != ContentType {
		http.Error(w, "the content type must be "+ContentType, http.StatusUnsupportedMediaType)
		return
	}
	der, err := io.ReadAll(io.LimitReader(r.Body, MaxMessage+1))
	if err != nil {
		return // the other side is gone
	}
	if len(der) > MaxMessage {
		http.Error(w, "the message is too large", http.StatusRequestEntityTooLarge)
		return
	}
	reply := s.Handle(r.Context(), profile, der)
	if reply == nil {
		http.Error(w, "no answer could be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(reply)
}
