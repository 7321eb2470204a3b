using System.Text.Json;
using System.Text.RegularExpressions;

namespace CityMonitor.Simulator.Faults;

/// <summary>
/// Which vendor misbehaves how, at this moment. HTTP requests are caught by <see cref="FaultMiddleware"/>; whoever serves a
/// vendor's socket registers it here and asks <see cref="IsMute"/> before each message that it sends.
/// </summary>
sealed class FaultBoard(Timeline timeline, TimeProvider clock)
{
    static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(5);

    readonly Lock gate = new();
    readonly Dictionary<string, Fault> faults = [];
    readonly Dictionary<string, HashSet<Socket>> sockets = [];
    readonly Random random = new(17);

    public static bool IsTarget(string target) => FaultTarget.All.Contains(target);

    public Fault Get(string target)
    {
        lock (gate)
        {
            return faults.GetValueOrDefault(target) ?? new Fault();
        }
    }

    public IReadOnlyDictionary<string, Fault> All()
    {
        lock (gate)
        {
            return new Dictionary<string, Fault>(faults);
        }
    }

    public void Set(string target, Fault fault)
    {
        List<Socket> open;
        lock (gate)
        {
            faults[target] = fault;
            open = [.. sockets.GetValueOrDefault(target) ?? []];
        }

        timeline.Add("fault.set", target, JsonSerializer.SerializeToNode(fault, FaultJson.Default.Fault)!.AsObject());
        if (fault.DropSocketsAfterMs is { } after)
        {
            open.ForEach(socket => socket.DropAfter(after));
        }
    }

    public void Clear(string target)
    {
        bool cleared;
        lock (gate)
        {
            cleared = faults.Remove(target);
        }

        if (cleared)
        {
            timeline.Add("fault.cleared", target);
        }
    }

    public void ClearAll()
    {
        foreach (var target in FaultTarget.All)
        {
            Clear(target);
        }
    }

    /// <summary>Whether this vendor's sockets must stay silent now.</summary>
    public bool IsMute(string target) => Get(target).Mute;

    /// <summary>The fault for this one request, or null when it is to be served normally. Counts <see cref="Fault.Next"/> down.</summary>
    public Fault? ForRequest(string target, string method, string path)
    {
        lock (gate)
        {
            if (faults.GetValueOrDefault(target) is not { } fault || !AffectsRequests(fault) || !Matches(fault, method, path))
            {
                return null;
            }

            if (fault.ErrorRate is { } rate && random.NextDouble() >= rate)
            {
                // Not one of the failing ones, but the latency is everybody's.
                return fault.LatencyMs is null ? null : new Fault { LatencyMs = fault.LatencyMs };
            }

            if (fault.Next is 1)
            {
                faults.Remove(target);
            }
            else if (fault.Next is { } next)
            {
                faults[target] = fault with { Next = next - 1 };
            }

            return fault;
        }
    }

    /// <summary>
    /// Registers an open socket so that a fault can drop it. <paramref name="abort"/> must end it abruptly and may be called from any
    /// thread. Dispose the result when the socket has ended.
    /// </summary>
    public IDisposable Track(string target, Action abort)
    {
        var socket = new Socket(this, target, abort, clock);
        Fault? fault;
        lock (gate)
        {
            if (!sockets.TryGetValue(target, out var open))
            {
                sockets[target] = open = [];
            }

            open.Add(socket);
            fault = faults.GetValueOrDefault(target);
        }

        if (fault?.DropSocketsAfterMs is { } after)
        {
            socket.DropAfter(after);
        }

        return socket;
    }

    void Forget(string target, Socket socket)
    {
        lock (gate)
        {
            sockets.GetValueOrDefault(target)?.Remove(socket);
        }
    }

    static bool AffectsRequests(Fault fault) => fault is { LatencyMs: not null } or { Status: not null } or { Refuse: true }
        or { LoseAnswer: true } or { Hang: true } or { Garbage: not null };

    static bool Matches(Fault fault, string method, string path) =>
        fault.Match is null || Regex.IsMatch($"{method} {path}", fault.Match, RegexOptions.None, MatchTimeout)
        || Regex.IsMatch(path, fault.Match, RegexOptions.None, MatchTimeout);

    sealed class Socket(FaultBoard board, string target, Action abort, TimeProvider clock) : IDisposable
    {
        readonly Lock gate = new();
        ITimer? timer;
        bool ended;

        public void DropAfter(int milliseconds)
        {
            lock (gate)
            {
                if (!ended)
                {
                    timer?.Dispose();
                    timer = clock.CreateTimer(_ => Drop(), null, TimeSpan.FromMilliseconds(milliseconds), Timeout.InfiniteTimeSpan);
                }
            }
        }

        public void Dispose()
        {
            lock (gate)
            {
                ended = true;
                timer?.Dispose();
            }

            board.Forget(target, this);
        }

        void Drop()
        {
            lock (gate)
            {
                if (ended)
                {
                    return;
                }

                ended = true;
            }

            board.Forget(target, this);
            abort();
        }
    }
}
