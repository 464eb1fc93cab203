// Times oneDNN's bf16 and fp32 matrix products, the peer of `polymath bench gemm`.
//
//   apt-get install libdnnl-dev
//   g++ -O2 -fopenmp gemm_onednn.cpp -ldnnl -o gemm_onednn
//   OMP_NUM_THREADS=2 ./gemm_onednn 4096x2048x512 512x512x512
//
// One JSON object a line: the median of at least nine runs. Weights are in the
// layout that oneDNN chooses for itself and are reordered before the clock
// starts; source and result are plain rows.
#include <dnnl.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

using namespace dnnl;
using dt = memory::data_type;
using tag = memory::format_tag;

static double median_seconds(engine &eng, stream &s, long M, long N, long K, dt type) {
    memory::desc a({M, K}, type, tag::ab), b({K, N}, type, tag::any), c({M, N}, type, tag::ab);
    matmul::primitive_desc pd(matmul::desc(a, b, c), eng);
    memory src(a, eng), weights(pd.weights_desc(), eng), dst(c, eng);
    for (memory *m : {&src, &weights, &dst}) {
        char *p = static_cast<char *>(m->get_data_handle());
        std::fill(p, p + m->get_desc().get_size(), 0x3c);
    }
    matmul prim(pd);
    std::vector<double> times;
    double total = 0;
    for (int i = 0; i < 12 || (total < 0.5 && i < 400); i++) {
        auto start = std::chrono::steady_clock::now();
        prim.execute(s, {{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, dst}});
        s.wait();
        double t = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        if (i >= 3) times.push_back(t);
        total += t;
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

int main(int argc, char **argv) {
    engine eng(engine::kind::cpu, 0);
    stream s(eng);
    const dnnl_version_t *v = dnnl_version();
    for (int i = 1; i < argc; i++) {
        long M, N, K;
        if (std::sscanf(argv[i], "%ldx%ldx%ld", &M, &N, &K) != 3) {
            std::fprintf(stderr, "%s: want MxNxK\n", argv[i]);
            return 2;
        }
        for (dt type : {dt::bf16, dt::f32}) {
            double t = median_seconds(eng, s, M, N, K, type);
            std::printf("{\"name\":\"onednn gemm %s %s\",\"value\":%.2f,\"unit\":\"GFLOP/s\",\"version\":\"%d.%d.%d\"}\n",
                        argv[i], type == dt::bf16 ? "bf16" : "fp32", 2.0 * M * N * K / t / 1e9, v->major, v->minor,
                        v->patch);
        }
    }
}
