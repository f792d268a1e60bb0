package process

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// The live heap of a service is 2 to 4 MB. With Go's defaults it is collected some fifty times a second under load,
// which costs a third of the CPU and lets requests wait for 100 ms; measured with scripts/bench.
const (
	// gcPercent lets the heap grow to at least 16 MB between collections.
	gcPercent = 400
	// memoryLimit makes collections more frequent where large buffers would multiply by the percentage, as with two
	// password hashes of 19 MiB each. It is soft: Go goes beyond it rather than to stand still.
	memoryLimit = 64 << 20

	idleCheck = 5 * time.Second
	// idleAllocation is at most what a process allocates between two checks without being called busy, bytes.
	idleAllocation = 2 << 20
	// worthReturning is how much must have been allocated since memory was given back last, bytes.
	worthReturning = 8 << 20
)

// memorySettings are the Go runtime's own variables, which win over what stands here.
type memorySettings struct {
	GCPercent   string `env:"GOGC" help:"how much the heap may grow between collections; unset: 400" expects:"a percentage, or off"`
	MemoryLimit string `env:"GOMEMLIMIT" help:"soft limit of the process's memory; unset: 64MiB" expects:"a size like 64MiB"`
}

func (s memorySettings) apply() {
	if s.GCPercent == "" {
		debug.SetGCPercent(gcPercent)
	}
	if s.MemoryLimit == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// withIdleMemoryReturned does the work and gives memory back beside it.
func withIdleMemoryReturned(ctx context.Context, work func() error) error {
	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	var keeper sync.WaitGroup
	keeper.Go(func() { returnIdleMemory(beside) })
	defer keeper.Wait()
	defer stop()
	return work()
}

// returnIdleMemory gives memory back to the system whenever a busy time is over, until ctx is done.
func returnIdleMemory(ctx context.Context) {
	check := time.NewTicker(idleCheck)
	defer check.Stop()
	last, returned := uint64(0), uint64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-check.C:
		}
		allocated := allocatedBytes()
		idle := allocated-last < idleAllocation
		last = allocated
		if idle && allocated-returned > worthReturning {
			debug.FreeOSMemory()
			returned = allocated
		}
	}
}

// allocatedBytes is what the process has allocated since it began, freed or not.
func allocatedBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
