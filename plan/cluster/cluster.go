package cluster

import (
	"fmt"
	"strconv"
	"strings"
)

// Cluster is a number of equal accelerators and how they are joined. Goroutines
// may share one that nobody changes.
type Cluster struct {
	Accelerator
	// Devices counts the accelerators.
	Devices int
	// Latency and NetworkLatency are the seconds that a message takes before its
	// first byte arrives, over the link and over the network.
	Latency, NetworkLatency float64
	// FailuresPerHour is how often one device, with its share of host and network,
	// interrupts the run.
	FailuresPerHour float64
	// Overhead multiplies the board's power: hosts, network, cooling.
	Overhead float64
}

// Defaults of a cluster. The rate of failures is that of Llama 3: 419 unexpected
// interruptions in 54 days of 16,384 H100 (arXiv:2407.21783, 3.3.4). Latencies are
// of the order that NCCL's tests show; Overhead is a guess of ours for hosts,
// network and a PUE of 1.1.
const (
	defaultLatency        = 4e-6
	defaultNetworkLatency = 12e-6
	defaultFailures       = 419.0 / (54 * 24 * 16384)
	defaultOverhead       = 1.4
)

// New returns a cluster of n devices of the accelerator.
func New(a Accelerator, n int) (*Cluster, error) {
	if n < 1 || n > maxDevices {
		return nil, fmt.Errorf("a cluster has between 1 and %d devices, and not %d", maxDevices, n)
	}
	return &Cluster{
		Accelerator: a, Devices: n, Latency: defaultLatency, NetworkLatency: defaultNetworkLatency,
		FailuresPerHour: defaultFailures, Overhead: defaultOverhead,
	}, nil
}

const maxDevices = 1 << 20

// Parse reads a cluster as the command line names it: an accelerator and how many,
// such as h100x16384; without a number it is one device.
func Parse(text string) (*Cluster, error) {
	name, count := strings.ToLower(text), 1
	if i := strings.LastIndexByte(name, 'x'); i > 0 {
		if n, err := strconv.Atoi(name[i+1:]); err == nil {
			name, count = name[:i], n
		}
	}
	a, err := FindAccelerator(name)
	if err != nil {
		return nil, fmt.Errorf("cluster %q: %w", text, err)
	}
	c, err := New(a, count)
	if err != nil {
		return nil, fmt.Errorf("cluster %q: %w", text, err)
	}
	return c, nil
}

// String writes the cluster as Parse reads it.
func (c *Cluster) String() string { return fmt.Sprintf("%sx%d", c.Name, c.Devices) }

// group is a set of devices that exchange data, as links see it.
type group struct {
	size int // members
	near int // members in one domain: neighbors in rank, size at most
}

// group places size members that lie stride ranks apart: stride 1 are neighbors.
func (c *Cluster) group(size, stride int) group {
	near := max(1, c.Domain/max(stride, 1))
	return group{size: size, near: min(near, size)}
}

// rate is the bandwidth that a member of a ring has: that of the link within a
// domain; across domains that of the network of all its members there, which
// share the ring's traffic.
func (c *Cluster) rate(g group, k *Constants) float64 {
	if g.size <= g.near {
		return c.Link * k.Link
	}
	return min(c.Link*k.Link, c.Network*float64(g.near)*k.Network)
}

// gather is the time in which every member gets what the others hold, bytes in
// all; a reduction that scatters takes as long.
func (c *Cluster) gather(g group, bytes float64, k *Constants) float64 {
	if g.size <= 1 || bytes == 0 {
		return 0
	}
	n := float64(g.size)
	// Rings within trees: the number of latencies grows with the number of domains
	// and with the members of one, and not with their product.
	domains := (g.size + g.near - 1) / g.near
	hops := float64(g.near-1)*c.Latency + float64(steps(domains))*c.NetworkLatency
	return (n-1)/n*bytes/c.rate(g, k) + hops
}

// steps is the depth of a tree over n domains.
func steps(n int) int {
	d := 0
	for n > 1 {
		n = (n + 1) / 2
		d++
	}
	return d
}

// exchange is the time of an all-to-all in which each member sends bytes in all, a
// share of them to members of other domains. dedupe is how many copies of a token
// go to a domain, at most, as a share of those that its experts ask for.
func (c *Cluster) exchange(g group, bytes, dedupe float64, k *Constants) float64 {
	if g.size <= 1 || bytes == 0 {
		return 0
	}
	n := float64(g.size)
	if g.size <= g.near {
		return (n-1)/n*bytes/(c.Link*k.Link) + c.Latency
	}
	far := (n - float64(g.near)) / n * bytes * dedupe
	near := float64(g.near-1) / n * bytes
	if dedupe < 1 {
		near = bytes * float64(g.near-1) / float64(g.near) // what came in goes on over the link
	}
	return max(far/(c.Network*k.Network), near/(c.Link*k.Link)) + c.NetworkLatency
}

// send is the time of one message between devices stride ranks apart.
func (c *Cluster) send(bytes float64, stride int, k *Constants) float64 {
	if stride < c.Domain {
		return bytes/(c.Link*k.Link) + c.Latency
	}
	return bytes/(c.Network*k.Network) + c.NetworkLatency
}
