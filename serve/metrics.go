package serve

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/internal/energy"
)

// metrics are what /metrics shows. Names and labels are vLLM's where it has
// them: what reads those, such as Kubernetes' inference gateway, needs no
// mapping.
type metrics struct {
	registry *prometheus.Registry

	firstToken, perToken, queue, prefill, whole *prometheus.HistogramVec
	prompt, generated                           *prometheus.HistogramVec
	promptTotal, generatedTotal, success        *prometheus.CounterVec
	requests                                    *prometheus.CounterVec
	duration                                    *prometheus.HistogramVec
}

// Buckets of the histograms.
var (
	secondBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600}
	tokenBuckets  = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000}
)

func newMetrics(models []*entry) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
		m.registry.MustRegister(h)
		return h
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	const name = "model_name"
	m.firstToken = histogram("vllm:time_to_first_token_seconds", "From the request to its first token.", secondBuckets, name)
	m.perToken = histogram("vllm:time_per_output_token_seconds", "Mean time between the tokens of a completion, the first excepted.", secondBuckets, name)
	m.queue = histogram("vllm:request_queue_time_seconds", "From the request until work on it began.", secondBuckets, name)
	m.prefill = histogram("vllm:request_prefill_time_seconds", "From the begin of work to the first token.", secondBuckets, name)
	m.whole = histogram("vllm:e2e_request_latency_seconds", "From the request to its last token.", secondBuckets, name)
	m.prompt = histogram("vllm:request_prompt_tokens", "Tokens of prompts.", tokenBuckets, name)
	m.generated = histogram("vllm:request_generation_tokens", "Tokens of completions.", tokenBuckets, name)
	m.promptTotal = counter("vllm:prompt_tokens_total", "Tokens of prompts.", name)
	m.generatedTotal = counter("vllm:generation_tokens_total", "Tokens of completions.", name)
	m.success = counter("vllm:request_success_total", "Completions that ended, by the reason.", name, "finished_reason")
	m.requests = counter("polymath:http_requests_total", "HTTP requests, by route and status.", "route", "status")
	m.duration = histogram("polymath:http_request_duration_seconds", "Time of HTTP requests.", secondBuckets, "route")
	m.registry.MustRegister(newStatsCollector(models), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, e := range models { // shown from the start, as zero
		for _, h := range []*prometheus.HistogramVec{m.firstToken, m.perToken, m.queue, m.prefill, m.whole, m.prompt, m.generated} {
			h.WithLabelValues(e.Name)
		}
		m.promptTotal.WithLabelValues(e.Name)
		m.generatedTotal.WithLabelValues(e.Name)
	}
	return m
}

// meter shows what the machine has spent. Where that cannot be read there is no counter,
// for 0 joules would be a guess; the gauge says so.
func (m *metrics) meter(meter *energy.Meter) {
	if meter == nil {
		return
	}
	available := func() float64 {
		if _, ok := meter.Joules(); !ok {
			return 0
		}
		return 1
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "polymath:energy_available", Help: "1 if the processors' energy counters can be read.",
	}, available))
	if available() == 0 {
		return
	}
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "polymath:energy_joules_total", Help: "Energy of all sockets and their memory since the start, other programs' share included.",
	}, func() float64 {
		joules, _ := meter.Joules()
		return joules
	}))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// answered counts an HTTP request.
func (m *metrics) answered(route string, status int, d time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(route).Observe(d.Seconds())
}

// statsCollector shows a model's Stats at the time of the scrape.
type statsCollector struct {
	models []*entry
	gauges []statsMetric
	cache  *prometheus.Desc
}

type statsMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(polymath.Stats) float64
}

func newStatsCollector(models []*entry) *statsCollector {
	c := &statsCollector{models: models}
	add := func(kind prometheus.ValueType, name, help string, value func(polymath.Stats) float64) {
		c.gauges = append(c.gauges, statsMetric{prometheus.NewDesc(name, help, []string{"model_name"}, nil), kind, value})
	}
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
	add(gauge, "vllm:num_requests_running", "Completions that are worked on.", func(s polymath.Stats) float64 { return float64(s.Running) })
	add(gauge, "vllm:num_requests_waiting", "Completions that wait their turn.", func(s polymath.Stats) float64 { return float64(s.Waiting) })
	add(gauge, "vllm:kv_cache_usage_perc", "Share of the KV cache in use, 0 to 1.", func(s polymath.Stats) float64 { return s.CacheUsage })
	add(counter, "vllm:prefix_cache_queries_total", "Prompt tokens looked up in the cache.", func(s polymath.Stats) float64 { return float64(s.PrefixQueries) })
	add(counter, "vllm:prefix_cache_hits_total", "Prompt tokens found in the cache.", func(s polymath.Stats) float64 { return float64(s.PrefixHits) })
	add(counter, "vllm:num_preemptions_total", "Completions that gave up their memory for a while.", func(s polymath.Stats) float64 { return float64(s.Preemptions) })
	add(counter, "vllm:spec_decode_num_draft_tokens_total", "Tokens that were guessed.", func(s polymath.Stats) float64 { return float64(s.Drafted) })
	add(counter, "vllm:spec_decode_num_accepted_tokens_total", "Guessed tokens that were right.", func(s polymath.Stats) float64 { return float64(s.Accepted) })
	add(counter, "polymath:weights_hits_total", "Products whose weights were in memory, of a model with less memory than its weights need.", func(s polymath.Stats) float64 { return float64(s.WeightHits) })
	add(counter, "polymath:weights_misses_total", "Products that had to wait for weights.", func(s polymath.Stats) float64 { return float64(s.WeightMisses) })
	add(counter, "polymath:weights_read_bytes_total", "Bytes of weights that were read from files.", func(s polymath.Stats) float64 { return float64(s.WeightBytesRead) })
	add(counter, "polymath:weights_stalled_seconds_total", "Time in which passes waited for weights.", func(s polymath.Stats) float64 { return s.WeightsStalled.Seconds() })
	c.cache = prometheus.NewDesc("vllm:cache_config_info", "Size of the KV cache.", []string{"model_name", "block_size", "num_gpu_blocks", "num_cpu_blocks"}, nil)
	return c
}

// Describe is of prometheus.Collector.
func (c *statsCollector) Describe(out chan<- *prometheus.Desc) {
	for _, g := range c.gauges {
		out <- g.desc
	}
	out <- c.cache
}

// Collect is of prometheus.Collector.
func (c *statsCollector) Collect(out chan<- prometheus.Metric) {
	for _, e := range c.models {
		s := e.Model.Stats()
		for _, g := range c.gauges {
			out <- prometheus.MustNewConstMetric(g.desc, g.kind, g.value(s), e.Name)
		}
		// The gateway reads num_gpu_blocks as the size of the cache, wherever it is.
		blocks := strconv.Itoa(s.NumBlocks)
		out <- prometheus.MustNewConstMetric(c.cache, prometheus.GaugeValue, 1, e.Name, strconv.Itoa(s.BlockTokens), blocks, blocks)
	}
}

// meter times one completion.
type meter struct {
	x           *exchange
	count       int
	first, last time.Time
}

func newMeter(x *exchange) meter {
	x.meters++
	return meter{x: x}
}

// tokens notes that n tokens have come.
func (m *meter) tokens(n int) {
	if n == 0 {
		return
	}
	m.last = time.Now()
	if m.count == 0 {
		m.first = m.last
		if m.x.generated == 0 {
			m.x.firstToken(m.first)
		}
		if m.x.begun++; m.x.begun == m.x.meters {
			m.x.dropRequest()
		}
	}
	m.count += n
	m.x.generated += n
}

// end counts a completion that is done. The prompt of several counts once.
func (m *meter) end(u polymath.Usage, finish string, withPrompt bool) {
	x, name := m.x, m.x.model.Name
	x.usage.CompletionTokens += u.CompletionTokens
	all := x.s.metrics
	if withPrompt {
		x.usage.PromptTokens, x.usage.CachedTokens, x.usage.ImageTokens, x.usage.QueueTime = u.PromptTokens, u.CachedTokens, u.ImageTokens, u.QueueTime
		all.prompt.WithLabelValues(name).Observe(float64(u.PromptTokens))
		all.promptTotal.WithLabelValues(name).Add(float64(u.PromptTokens))
	}
	all.generated.WithLabelValues(name).Observe(float64(u.CompletionTokens))
	all.generatedTotal.WithLabelValues(name).Add(float64(u.CompletionTokens))
	all.success.WithLabelValues(name, finish).Inc()
	all.whole.WithLabelValues(name).Observe(time.Since(x.start).Seconds())
	all.queue.WithLabelValues(name).Observe(u.QueueTime.Seconds())
	if m.count == 0 {
		return
	}
	all.firstToken.WithLabelValues(name).Observe(m.first.Sub(x.start).Seconds())
	if u.FirstTokenTime > u.QueueTime {
		all.prefill.WithLabelValues(name).Observe((u.FirstTokenTime - u.QueueTime).Seconds())
	}
	if m.count > 1 {
		all.perToken.WithLabelValues(name).Observe(m.last.Sub(m.first).Seconds() / float64(m.count-1))
	}
}
