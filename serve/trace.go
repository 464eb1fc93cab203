package serve

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// NewTraces sends traces to the OpenTelemetry collector at endpoint, a URL such
// as http://127.0.0.1:4318, under the name of this program and its version.
// shutdown sends what is left. A collector that cannot be reached loses traces
// and disturbs nothing else.
func NewTraces(ctx context.Context, endpoint, version string) (p trace.TracerProvider, shutdown func(context.Context) error, err error) {
	if err := CheckCollector(endpoint); err != nil {
		return nil, nil, err
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, nil, err // not reached: CheckCollector has parsed it
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(u.String()))
	if err != nil {
		return nil, nil, fmt.Errorf("traces to %s: %w", endpoint, err)
	}
	about := resource.NewSchemaless(attribute.String("service.name", "polymath"), attribute.String("service.version", version))
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))
	return provider, provider.Shutdown, nil
}

// CheckCollector returns an error unless endpoint is a URL that NewTraces takes.
func CheckCollector(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q is no URL of a collector; give one such as http://127.0.0.1:4318", endpoint)
	}
	return nil
}

// beginSpan begins the span of a request, as a child of the client's own if it
// sends one.
func (x *exchange) beginSpan() {
	if x.s.tracer == nil {
		return
	}
	ctx := propagation.TraceContext{}.Extract(x.r.Context(), propagation.HeaderCarrier(x.r.Header))
	ctx, x.span = x.s.tracer.Start(ctx, x.r.Method+" "+x.route, trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(x.start))
	x.r = x.r.WithContext(ctx)
}

// firstToken notes when the first token came.
func (x *exchange) firstToken(at time.Time) {
	if x.span != nil {
		x.span.AddEvent("first token", trace.WithTimestamp(at))
	}
}

// endSpan says what became of the request. It never holds what people wrote.
func (x *exchange) endSpan(status int) {
	if x.span == nil {
		return
	}
	attributes := []attribute.KeyValue{
		attribute.String("http.request.method", x.r.Method), attribute.String("http.route", x.route),
		attribute.Int("http.response.status_code", status), attribute.String("polymath.request_id", x.id),
	}
	if x.model != nil {
		attributes = append(attributes, attribute.String("gen_ai.request.model", x.model.Name),
			attribute.Int("gen_ai.usage.input_tokens", x.usage.PromptTokens), attribute.Int("gen_ai.usage.output_tokens", x.generated),
			attribute.Int("polymath.cached_tokens", x.usage.CachedTokens), attribute.Int64("polymath.queue_ms", x.usage.QueueTime.Milliseconds()))
	}
	if x.fault != nil {
		attributes = append(attributes, attribute.String("error.type", x.fault.code))
	}
	x.span.SetAttributes(attributes...)
	if status >= http.StatusInternalServerError {
		why := http.StatusText(status)
		if x.fault != nil {
			why = x.fault.message
		}
		x.span.SetStatus(codes.Error, why)
	}
	x.span.End()
}
