package pki

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Fetcher sends one HTTP request: http.Client.Do, or what a test puts in its place.
type Fetcher func(*http.Request) (*http.Response, error)

// fetchLimit is how long one source may take, from connecting to the last octet.
const fetchLimit = 20 * time.Second

// listLimit is the same for a revocation list: 20 MB over a slow line.
const listLimit = 5 * time.Minute

// list asks for a revocation list; the caller reads it and closes it.
func (f Fetcher) list(ctx context.Context, address string) (io.ReadCloser, error) {
	ctx, cancel := context.WithTimeout(ctx, listLimit)
	response, err := f.send(ctx, http.MethodGet, address, "", nil)
	if err != nil {
		cancel()
		return nil, err
	}
	return &limitedBody{ReadCloser: response.Body, cancel: cancel}, nil
}

// limitedBody ends its time limit when it is closed.
type limitedBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *limitedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// post sends a question and reads the answer, of at most limit octets.
func (f Fetcher) post(ctx context.Context, address, contentType string, body []byte, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	response, err := f.send(ctx, http.MethodPost, address, contentType, body)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if int64(len(data)) > limit {
		return nil, errors.Join(ErrUnverified, fmt.Errorf("answer has more than %d octets", limit))
	}
	return data, nil
}

func (f Fetcher) send(ctx context.Context, method, address, contentType string, body []byte) (*http.Response, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return nil, fmt.Errorf("%w: address is not HTTP", ErrUnreachable)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if f == nil {
		f = http.DefaultClient.Do
	}
	response, err := f(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("%w: HTTP status %d", ErrUnreachable, response.StatusCode)
	}
	return response, nil
}

func clock(now func() time.Time) time.Time {
	if now == nil {
		return time.Now()
	}
	return now()
}
