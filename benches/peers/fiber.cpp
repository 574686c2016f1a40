// The workloads on Boost.Context (resume) and Boost.Fiber (the rest), one thread.
// Usage: KIND N M MILLISECONDS; prints lines `word number`.
#include <boost/context/fiber.hpp>
#include <boost/fiber/all.hpp>
#include <boost/version.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace fibers = boost::fibers;
using clock_type = std::chrono::steady_clock;

static double seconds_since(clock_type::time_point began) {
    return std::chrono::duration<double>(clock_type::now() - began).count();
}

template <class T> static inline void keep(T &value) { asm volatile("" : "+r,m"(value) : : "memory"); }

// The stopwatch of src/meter.rs.
struct meter {
    double budget;
    bool fixed = false;
    long runs = 1;
    bool warm = false, running = false;
    clock_type::time_point began{};
    double spent = 0;
    std::vector<double> samples{};

    bool batch() {
        stop();
        if (warm && !samples.empty() && spent >= budget) return false;
        restart();
        return true;
    }
    void restart() { running = true, began = clock_type::now(); }
    void stop() {
        if (!running) return;
        double took = seconds_since(began);
        running = false;
        spent += took;
        if (warm) {
            samples.push_back(took * 1e9 / runs);
            return;
        }
        bool long_enough = took * 16 >= budget;
        if (!long_enough && !fixed) runs *= 2;
        if ((long_enough || fixed) && spent * 4 >= budget) warm = true, spent = 0;
    }
    void show() {
        std::sort(samples.begin(), samples.end());
        std::cout << "ns " << samples[samples.size() / 2] << "\n";
    }
};

static std::uint64_t resident() {
    std::ifstream status("/proc/self/status");
    std::string line;
    std::uint64_t kib = 0;
    while (std::getline(status, line))
        if (line.rfind("VmRSS:", 0) == 0 || line.rfind("VmPTE:", 0) == 0) kib += std::stoull(line.substr(6));
    return kib * 1024;
}

static double cpu_time() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

struct random_times {
    std::uint64_t state = 42;
    std::uint64_t within(std::uint64_t below) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return (state >> 33) % below;
    }
};

// A small stack without a guard page, as Boost's own benchmarks use; the default would be 128 KiB.
static auto stacks() { return fibers::fixedsize_stack(64 * 1024); }

template <class F> static auto spawn(F f) {
    fibers::packaged_task<long()> task(std::move(f));
    auto future = task.get_future();
    fibers::fiber(fibers::launch::post, std::allocator_arg, stacks(), std::move(task)).detach();
    return future;
}

static void resume(long n, meter &m) {
    namespace ctx = boost::context;
    static long x = 0;
    std::vector<ctx::fiber> generators;
    for (long i = 0; i < n; i++)
        generators.emplace_back(std::allocator_arg, ctx::fixedsize_stack(64 * 1024), [](ctx::fiber &&caller) {
            for (;;) {
                keep(x);
                x++;
                caller = std::move(caller).resume();
            }
            return std::move(caller);
        });
    while (m.batch())
        for (long run = 0; run < m.runs; run++)
            for (auto &generator : generators) {
                keep(x);
                generator = std::move(generator).resume();
            }
    m.show();
}

__attribute__((noinline)) static long nested(long depth, long x) {
    if (depth == 0) return x + 1;
    long inner = nested(depth - 1, x);
    keep(inner);
    return inner + 1;
}

__attribute__((noinline)) static long trivial(long x) {
    keep(x);
    return x + 1;
}

__attribute__((noinline)) static long suspend_under(long depth, meter &m) {
    if (depth > 0) {
        long inner = suspend_under(depth - 1, m);
        keep(inner);
        return inner + 1;
    }
    while (m.batch())
        for (long run = 0; run < m.runs; run++) boost::this_fiber::yield();
    return 0;
}

static long task_under_task(long depth, long x) {
    if (depth == 0) return x + 1;
    return spawn([=] { return task_under_task(depth - 1, x); }).get() + 1;
}

static void yields(long n, long times, meter &m) {
    while (m.batch()) {
        long started = 0;
        std::vector<fibers::future<long>> futures;
        for (long i = 0; i < n; i++)
            futures.push_back(spawn([=, &started] {
                started++;
                long x = i;
                for (long j = 0; j <= times; j++) {
                    boost::this_fiber::yield();
                    keep(x);
                    x++;
                }
                return x;
            }));
        while (started < n) boost::this_fiber::yield();
        m.restart(); // every task has started
        for (auto &future : futures) future.get();
        m.stop();
    }
    m.show();
}

static void ping_pong(meter &m) {
    fibers::buffered_channel<long> there(2), back(2);
    auto echo = spawn([&] {
        long x = 0;
        while (there.pop(x) == fibers::channel_op_status::success) back.push(x + 1);
        return x;
    });
    long x = 0;
    while (m.batch())
        for (long run = 0; run < m.runs; run++) {
            there.push(x);
            back.pop(x);
        }
    there.close();
    echo.get();
    m.show();
}

struct event {
    fibers::mutex lock;
    fibers::condition_variable changed;
    bool set = false;
    void wait() {
        std::unique_lock<fibers::mutex> guard(lock);
        changed.wait(guard, [this] { return set; });
    }
    void wake_all() {
        std::unique_lock<fibers::mutex> guard(lock);
        set = true;
        changed.notify_all();
    }
};

static std::vector<fibers::future<long>> spawn_waiting(long n, event &e) {
    long started = 0;
    std::vector<fibers::future<long>> futures;
    for (long i = 0; i < n; i++)
        futures.push_back(spawn([i, &started, &e] {
            started++;
            e.wait();
            return i;
        }));
    while (started < n) boost::this_fiber::yield();
    return futures;
}

static void wait_event(long n) {
    event warm, e;
    auto futures = spawn_waiting(1000, warm);
    warm.wake_all();
    for (auto &future : futures) future.get();
    auto before = resident();
    auto began = clock_type::now();
    futures = spawn_waiting(n, e);
    double created = seconds_since(began);
    auto after = resident();
    began = clock_type::now();
    e.wake_all();
    for (auto &future : futures) future.get();
    double woken = seconds_since(began);
    std::cout << "bytes " << double(after - before) / n << "\ncreate " << created * 1e9 / n << "\nwake "
              << woken * 1e9 / n << "\n";
}

static void wait_sleep(long n) {
    long started = 0;
    auto before = resident();
    auto began = clock_type::now();
    for (long i = 0; i < n; i++)
        spawn([&started] {
            started++;
            boost::this_fiber::sleep_for(std::chrono::hours(1));
            return 0L;
        });
    while (started < n) boost::this_fiber::yield();
    double created = seconds_since(began);
    std::cout << "bytes " << double(resident() - before) / n << "\ncreate " << created * 1e9 / n << std::endl;
    std::_Exit(0);
}

static std::pair<double, double> sleep_all(long n, std::uint64_t within) {
    random_times times;
    double sum = 0, max = 0;
    std::vector<fibers::future<long>> futures;
    for (long i = 0; i < n; i++) {
        auto length = times.within(within);
        futures.push_back(spawn([&, length] {
            auto began = clock_type::now();
            boost::this_fiber::sleep_for(std::chrono::nanoseconds(length));
            double late = std::max(0.0, seconds_since(began) - length * 1e-9);
            sum += late;
            max = std::max(max, late);
            return 0L;
        }));
    }
    for (auto &future : futures) future.get();
    return {sum, max};
}

static void sleeps(long n) {
    sleep_all(n, 100'000'000);
    double before = cpu_time();
    auto [sum, max] = sleep_all(n, 1'000'000'000);
    std::cout << "cpu " << (cpu_time() - before) * 1e3 << "\nlate " << sum * 1e3 / n << "\nlate-max " << max * 1e3
              << "\n";
}

int main(int argc, char **argv) {
    if (argc < 5) {
        std::cout << BOOST_VERSION / 100000 << "." << BOOST_VERSION / 100 % 1000 << "." << BOOST_VERSION % 100 << "\n";
        return 0;
    }
    std::string kind = argv[1];
    long n = std::stol(argv[2]), times = std::stol(argv[3]);
    meter m{std::stol(argv[4]) / 1e3};
    auto loop = [&](auto run) {
        while (m.batch())
            for (long i = 0; i < m.runs; i++) run();
        m.show();
    };
    if (kind == "resume") {
        resume(n, m);
    } else if (kind == "nested-coroutines") {
        loop([&] { nested(n - 1, 7); });
    } else if (kind == "suspend-under") {
        suspend_under(n, m);
        m.show();
    } else if (kind == "nested-tasks") {
        loop([&] { spawn([=] { return task_under_task(n - 1, 7); }).get(); });
    } else if (kind == "sequential-coroutines") {
        loop([&] {
            long x = 0;
            for (long i = 0; i < n; i++) x = trivial(x);
            keep(x);
        });
    } else if (kind == "sequential-tasks") {
        loop([&] {
            long x = 0;
            for (long i = 0; i < n; i++) x = spawn([=] { return trivial(x); }).get();
            keep(x);
        });
    } else if (kind == "spawn-all") {
        m.fixed = true;
        loop([&] {
            std::vector<fibers::future<long>> futures;
            for (long i = 0; i < n; i++) futures.push_back(spawn([=] { return trivial(i); }));
            long sum = 0;
            for (auto &future : futures) sum += future.get();
            keep(sum);
        });
    } else if (kind == "yield") {
        m.fixed = true;
        yields(n, times, m);
    } else if (kind == "ping-pong") {
        ping_pong(m);
    } else if (kind == "wait-event") {
        wait_event(n);
    } else if (kind == "wait-sleep") {
        wait_sleep(n);
    } else if (kind == "sleeps") {
        sleeps(n);
    } else {
        std::cerr << "no such kind: " << kind << "\n";
        return 2;
    }
}
