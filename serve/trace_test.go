package serve

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

func TestSpans(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(spans))
	s := newSite(t, func(o *Options) { o.Traces = provider })
	const parent = "0af7651916cd43dd8448eb211c80319c"
	s.post(chatPath, say("say private", ""), "traceparent", "00-"+parent+"-b7ad6b7169203331-01")
	s.post(chatPath, say("broken", ""))
	until(t, "two spans", func() bool { return len(spans.GetSpans()) == 2 })
	good, bad := spans.GetSpans()[0], spans.GetSpans()[1]
	all := fmt.Sprint(good.Attributes)
	for _, part := range []string{`"http.route":"/v1/chat/completions"`, `"http.response.status_code":200`, `"gen_ai.request.model":"fake"`, `"gen_ai.usage.output_tokens":7`} {
		if !strings.Contains(all, part) {
			t.Errorf("no %s in %s", part, all)
		}
	}
	if good.SpanContext.TraceID().String() != parent || len(good.Events) != 1 || good.Name != "POST /v1/chat/completions" {
		t.Errorf("%+v", good)
	}
	if strings.Contains(fmt.Sprintf("%+v", good), "private") {
		t.Error("a span holds what was written")
	}
	if bad.Status.Code != codes.Error {
		t.Errorf("%+v", bad.Status)
	}
}

// An answer with the status of a fault that is none has a span too.
func TestSpanWithoutFault(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	s := newSite(t, func(o *Options) { o.Traces = sdk.NewTracerProvider(sdk.WithSyncer(spans)) })
	s.s.draining.Store(true)
	if a := s.do(http.MethodGet, "/ready", ""); a.status != http.StatusServiceUnavailable || !strings.Contains(a.text, "draining") {
		t.Errorf("%d %s", a.status, a.text)
	}
	until(t, "a span", func() bool { return len(spans.GetSpans()) == 1 })
	if status := spans.GetSpans()[0].Status; status.Code != codes.Error || status.Description != "Service Unavailable" {
		t.Errorf("%+v", status)
	}
}

func TestNewTraces(t *testing.T) {
	var got atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/traces" {
			got.Add(1)
		}
	}))
	defer collector.Close()
	traces, shutdown, err := NewTraces(t.Context(), collector.URL, "test")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(o *Options) { o.Traces = traces })
	s.post(chatPath, say("say x", ""))
	if err := shutdown(context.Background()); err != nil || got.Load() != 1 {
		t.Error(err, got.Load())
	}
	for _, endpoint := range []string{"", "127.0.0.1:4318", "ftp://x", "http://"} {
		if _, _, err := NewTraces(t.Context(), endpoint, "test"); err == nil {
			t.Errorf("%q is taken", endpoint)
		}
	}
}
