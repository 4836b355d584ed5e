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

func (f Fetcher) get(ctx context.Context, address string, limit int64) ([]byte, error) {
	return f.do(ctx, http.MethodGet, address, "", nil, limit)
}

func (f Fetcher) post(ctx context.Context, address, contentType string, body []byte, limit int64) ([]byte, error) {
	return f.do(ctx, http.MethodPost, address, contentType, body, limit)
}

func (f Fetcher) do(ctx context.Context, method, address, contentType string, body []byte, limit int64) ([]byte, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return nil, fmt.Errorf("%w: address is not HTTP", ErrUnreachable)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
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
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: HTTP status %d", ErrUnreachable, response.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if int64(len(data)) > limit {
		return nil, errors.Join(ErrUnverified, fmt.Errorf("answer has more than %d octets", limit))
	}
	return data, nil
}

func clock(now func() time.Time) time.Time {
	if now == nil {
		return time.Now()
	}
	return now()
}
