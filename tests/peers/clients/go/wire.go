package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
)

// wire is the network as a scenario wants it: it can be cut, and it knows what was asked over it.
type wire struct {
	mutex   sync.Mutex
	down    bool
	open    []net.Conn
	queries []string // each with the media type of its body
}

func newWire() *wire { return &wire{} }

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.down {
		return nil, errors.New("the wire is cut")
	}
	connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		w.open = append(w.open, connection)
	}
	return connection, err
}

// cut ends every connection and allows no new one until mend.
func (w *wire) cut() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.down = true
	for _, connection := range w.open {
		connection.Close()
	}
	w.open = nil
}

func (w *wire) mend() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.down = false
}

type recorder struct {
	wire *wire
	next http.RoundTripper
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := r.next.RoundTrip(request)
	if err == nil {
		r.wire.mutex.Lock()
		r.wire.queries = append(r.wire.queries, request.Method+" "+request.URL.Path+"?"+request.URL.RawQuery+
			" "+request.Header.Get("Content-Type"))
		r.wire.mutex.Unlock()
	}
	return answer, err
}

func (w *wire) record(next http.RoundTripper) http.RoundTripper { return &recorder{w, next} }

// asked counts the requests that were answered, by what they contain and what they do not.
func (w *wire) asked(with, without string) int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	count := 0
	for _, query := range w.queries {
		if strings.Contains(query, with) && (without == "" || !strings.Contains(query, without)) {
			count++
		}
	}
	return count
}
