package serve

import (
	"regexp"
	"strings"
	"testing"
)

func TestMetrics(t *testing.T) {
	s := newSite(t)
	before := s.do("GET", "/metrics", "").text
	for _, line := range []string{
		`vllm:num_requests_running{model_name="fake"} 0`,
		`vllm:num_requests_waiting{model_name="fake"} 3`,
		`vllm:kv_cache_usage_perc{model_name="fake"} 0.25`,
		`vllm:cache_config_info{block_size="64",model_name="fake",num_cpu_blocks="128",num_gpu_blocks="128"} 1`,
		`vllm:prefix_cache_queries_total{model_name="fake"} 10`,
		`vllm:prefix_cache_hits_total{model_name="fake"} 5`,
		`vllm:num_preemptions_total{model_name="fake"} 2`,
		`vllm:spec_decode_num_draft_tokens_total{model_name="fake"} 8`,
		`vllm:spec_decode_num_accepted_tokens_total{model_name="fake"} 6`,
		`polymath:weights_hits_total{model_name="fake"} 30`,
		`polymath:weights_misses_total{model_name="fake"} 4`,
		`polymath:weights_read_bytes_total{model_name="fake"} 4096`,
		`polymath:weights_stalled_seconds_total{model_name="fake"} 0.5`,
		`vllm:time_to_first_token_seconds_count{model_name="fake"} 0`,
	} {
		if !strings.Contains(before, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	s.post(chatPath, say("count 10", `,"n":2`))
	s.post(chatPath, say("count 5", `,"stream":true`))
	s.post("/v1/completions", `{"model":"fake","prompt":["say abc","say d"]}`)
	s.post(responsesPath, respondTo("say ab", ""))
	s.post("/v1/embeddings", `{"model":"fake","input":"abcde"}`)
	s.post(chatPath, say("x", `,"frobnicate":1`))
	s.post(chatPath, say("busy", ""))
	after := s.do("GET", "/metrics", "").text
	for _, line := range []string{
		`vllm:time_to_first_token_seconds_count{model_name="fake"} 6`,
		`vllm:time_per_output_token_seconds_count{model_name="fake"} 5`, // not of one token
		`vllm:request_queue_time_seconds_count{model_name="fake"} 6`,
		`vllm:e2e_request_latency_seconds_count{model_name="fake"} 6`,
		`vllm:request_generation_tokens_count{model_name="fake"} 6`,
		`vllm:request_generation_tokens_sum{model_name="fake"} 31`,
		`vllm:generation_tokens_total{model_name="fake"} 31`,
		`vllm:request_prompt_tokens_count{model_name="fake"} 5`,
		`vllm:prompt_tokens_total{model_name="fake"} 44`, // 10 + 9 + 7 + 5 + 8 + 5
		`vllm:request_success_total{finished_reason="stop",model_name="fake"} 6`,
		`polymath:http_requests_total{route="/v1/chat/completions",status="200"} 2`,
		`polymath:http_requests_total{route="/v1/chat/completions",status="400"} 1`,
		`polymath:http_requests_total{route="/v1/chat/completions",status="503"} 1`,
	} {
		if !strings.Contains(after, line+"\n") {
			name, _, _ := strings.Cut(line, " ")
			t.Errorf("no line %s; %q", line, regexp.MustCompile(regexp.QuoteMeta(name)+".*").FindAllString(after, -1))
		}
	}
}

// What people wrote is not logged unless the operator asks for it.
func TestLog(t *testing.T) {
	quiet := newSite(t)
	loud := newSite(t, func(o *Options) { o.LogPrompts = true })
	for _, s := range []*site{quiet, loud} {
		s.post(chatPath, say("say very private", ""))
		s.post(chatPath, say("very private", `,"n":99`))
	}
	if log := quiet.log.String(); strings.Contains(log, "private") || !strings.Contains(log, "completion_tokens=12") || !strings.Contains(log, "error=invalid_value") {
		t.Error(log)
	}
	if log := loud.log.String(); strings.Count(log, "private") != 2 {
		t.Error(log)
	}
}
