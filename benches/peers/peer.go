// The workloads on goroutines, one processor. Usage: KIND N M MILLISECONDS; prints lines `word number`.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// meter is the stopwatch of src/meter.rs.
type meter struct {
	budget  time.Duration
	runs    int
	fixed   bool
	warm    bool
	running bool
	began   time.Time
	spent   time.Duration
	samples []float64
}

func (m *meter) batch() bool {
	m.stop()
	if m.warm && len(m.samples) > 0 && m.spent >= m.budget {
		return false
	}
	m.restart()
	return true
}

func (m *meter) restart() { m.running, m.began = true, time.Now() }

func (m *meter) stop() {
	if !m.running {
		return
	}
	took := time.Since(m.began)
	m.running = false
	m.spent += took
	if m.warm {
		m.samples = append(m.samples, float64(took.Nanoseconds())/float64(m.runs))
		return
	}
	longEnough := took*16 >= m.budget
	if !longEnough && !m.fixed {
		m.runs *= 2
	}
	if (longEnough || m.fixed) && m.spent*4 >= m.budget {
		m.warm, m.spent = true, 0
	}
}

func (m *meter) show() {
	sort.Float64s(m.samples)
	fmt.Println("ns", m.samples[len(m.samples)/2])
}

func resident() uint64 {
	text, _ := os.ReadFile("/proc/self/status")
	var kib uint64
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "VmRSS:") || strings.HasPrefix(line, "VmPTE:") {
			value, _ := strconv.ParseUint(strings.Fields(line)[1], 10, 64)
			kib += value
		}
	}
	return kib * 1024
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

type random uint64

func (r *random) within(below time.Duration) time.Duration {
	*r = *r*6364136223846793005 + 1442695040888963407
	return time.Duration(uint64(*r>>33) % uint64(below))
}

var sink int

//go:noinline
func nested(depth, x int) int {
	if depth == 0 {
		return x + 1
	}
	return nested(depth-1, x) + 1
}

//go:noinline
func trivial(x int) int { return x + 1 }

//go:noinline
func suspendUnder(depth int, m *meter) int {
	if depth > 0 {
		return suspendUnder(depth-1, m) + 1
	}
	for m.batch() {
		for i := 0; i < m.runs; i++ {
			runtime.Gosched()
		}
	}
	return 0
}

// spawn starts a goroutine and gives the channel its result comes on: Go's way to join with a value.
func spawn(f func() int) chan int {
	result := make(chan int, 1)
	go func() { result <- f() }()
	return result
}

func taskUnderTask(depth, x int) int {
	if depth == 0 {
		return x + 1
	}
	return <-spawn(func() int { return taskUnderTask(depth-1, x) }) + 1
}

func yields(n, times int, m *meter) {
	for m.batch() {
		started := 0
		var all sync.WaitGroup
		all.Add(n)
		for i := 0; i < n; i++ {
			x := i
			go func() {
				started++
				for j := 0; j <= times; j++ {
					runtime.Gosched()
					x++
				}
				all.Done()
			}()
		}
		for started < n {
			runtime.Gosched()
		}
		m.restart() // every task has started
		all.Wait()
		m.stop()
	}
	m.show()
}

func pingPong(m *meter) {
	there, back := make(chan int), make(chan int)
	go func() {
		for x := range there {
			back <- x + 1
		}
	}()
	x := 0
	for m.batch() {
		for i := 0; i < m.runs; i++ {
			there <- x
			x = <-back
		}
	}
	close(there)
	sink = x
	m.show()
}

func spawnWaiting(n int, event chan struct{}, all *sync.WaitGroup) {
	started := 0
	all.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			started++
			<-event
			all.Done()
		}()
	}
	for started < n {
		runtime.Gosched()
	}
}

func waitEvent(n int) {
	var all sync.WaitGroup
	event := make(chan struct{})
	spawnWaiting(1000, event, &all)
	close(event)
	all.Wait()
	event = make(chan struct{})
	before, began := resident(), time.Now()
	spawnWaiting(n, event, &all)
	created, after := time.Since(began), resident()
	began = time.Now()
	close(event)
	all.Wait()
	woken := time.Since(began)
	fmt.Println("bytes", float64(after-before)/float64(n))
	fmt.Println("create", float64(created.Nanoseconds())/float64(n))
	fmt.Println("wake", float64(woken.Nanoseconds())/float64(n))
}

func waitSleep(n int) {
	time.Sleep(time.Millisecond)
	started := 0
	before, began := resident(), time.Now()
	for i := 0; i < n; i++ {
		go func() {
			started++
			time.Sleep(time.Hour)
		}()
	}
	for started < n {
		runtime.Gosched()
	}
	created := time.Since(began)
	fmt.Println("bytes", float64(resident()-before)/float64(n))
	fmt.Println("create", float64(created.Nanoseconds())/float64(n))
}

func sleepAll(n int, within time.Duration) (sum, max time.Duration) {
	var all sync.WaitGroup
	all.Add(n)
	times := random(42)
	for i := 0; i < n; i++ {
		length := times.within(within)
		go func() {
			began := time.Now()
			time.Sleep(length)
			if late := time.Since(began) - length; late > 0 {
				sum += late
				if late > max {
					max = late
				}
			}
			all.Done()
		}()
	}
	all.Wait()
	return
}

func sleeps(n int) {
	sleepAll(n, 100*time.Millisecond)
	before := cpuTime()
	sum, max := sleepAll(n, time.Second)
	fmt.Println("cpu", (cpuTime()-before).Seconds()*1e3)
	fmt.Println("late", sum.Seconds()*1e3/float64(n))
	fmt.Println("late-max", max.Seconds()*1e3)
}

func cancels(n int, m *meter) {
	for m.batch() {
		var all sync.WaitGroup
		all.Add(n)
		event := make(chan struct{})
		cancels, started := make([]context.CancelFunc, n), 0
		for i := 0; i < n; i++ {
			ctx, cancel := context.WithCancel(context.Background())
			cancels[i] = cancel
			go func() {
				started++
				select {
				case <-event:
				case <-ctx.Done():
				}
				all.Done()
			}()
		}
		for started < n {
			runtime.Gosched()
		}
		m.restart()
		for _, cancel := range cancels {
			cancel()
		}
		all.Wait()
		m.stop()
	}
	m.show()
}

func main() {
	runtime.GOMAXPROCS(1)
	debug.SetMaxStack(1 << 30)
	kind := os.Args[1]
	n, _ := strconv.Atoi(os.Args[2])
	times, _ := strconv.Atoi(os.Args[3])
	millis, _ := strconv.Atoi(os.Args[4])
	m := &meter{budget: time.Duration(millis) * time.Millisecond, runs: 1}
	loop := func(run func()) {
		for m.batch() {
			for i := 0; i < m.runs; i++ {
				run()
			}
		}
		m.show()
	}
	switch kind {
	case "nested-coroutines":
		loop(func() { sink = nested(n-1, 7) })
	case "suspend-under":
		suspendUnder(n, m)
		m.show()
	case "nested-tasks":
		loop(func() { sink = <-spawn(func() int { return taskUnderTask(n-1, 7) }) })
	case "sequential-coroutines":
		loop(func() {
			x := 0
			for i := 0; i < n; i++ {
				x = trivial(x)
			}
			sink = x
		})
	case "sequential-tasks":
		loop(func() {
			x := 0
			for i := 0; i < n; i++ {
				y := x
				x = <-spawn(func() int { return trivial(y) })
			}
			sink = x
		})
	case "spawn-all":
		m.fixed = true
		loop(func() {
			results := make([]chan int, n)
			for i := range results {
				x := i
				results[i] = spawn(func() int { return trivial(x) })
			}
			sink = 0
			for _, result := range results {
				sink += <-result
			}
		})
	case "yield":
		m.fixed = true
		yields(n, times, m)
	case "ping-pong":
		pingPong(m)
	case "wait-event":
		waitEvent(n)
	case "wait-sleep":
		waitSleep(n)
	case "sleeps":
		sleeps(n)
	case "cancel":
		m.fixed = true
		cancels(n, m)
	default:
		fmt.Fprintln(os.Stderr, "no such kind:", kind)
		os.Exit(2)
	}
}
