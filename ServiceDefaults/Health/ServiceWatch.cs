using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace CityMonitor.ServiceDefaults;

/// <summary>
/// Watches this process: how quickly and how well it answers, how its vendors answer it, and what it asks of the processor. The fourth
/// alert of this kind, capacity, is TelephonyApi's, who alone knows how many calls there are.
/// </summary>
sealed class ServiceWatch : BackgroundService
{
    const string Ours = "http";

    readonly MeterListener _listener = new();
    readonly ConcurrentDictionary<string, Subject> _subjects = new(StringComparer.Ordinal);
    readonly Queue<(long At, TimeSpan Used)> _used = new();
    readonly Threshold _cpu;
    readonly AlertOptions _options;
    readonly Alerts _alerts;
    readonly TimeProvider _clock;
    readonly Func<TimeSpan> _cpuTime;

    public ServiceWatch(Alerts alerts, IOptions<AlertOptions> options, IMeterFactory meters, TimeProvider clock)
        : this(alerts, options.Value, meters, clock, static () => Environment.CpuUsage.TotalTime)
    {
    }

    internal ServiceWatch(Alerts alerts, AlertOptions options, IMeterFactory? meters, TimeProvider clock, Func<TimeSpan> cpuTime)
    {
        (_alerts, _options, _clock, _cpuTime) = (alerts, options, clock, cpuTime);
        _cpu = new Threshold("cpu", options.CpuAbove, alerts);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // ASP.NET's meter is the host's own; of several hosts in one process each watches itself.
            if (instrument.Name == VendorTelemetry.DurationName || (instrument.Name == "http.server.request.duration" && (meters is null || ReferenceEquals(instrument.Meter.Scope, meters))))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, seconds, tags, _) => Count(instrument.Name == VendorTelemetry.DurationName, seconds, tags));
        _listener.Start();
    }

    public IReadOnlyList<Watched> Now => [.. _subjects.Values.SelectMany(subject => new[] { subject.Slow.Now, subject.Failed.Now }).Append(_cpu.Now).OrderBy(watched => watched.Name, StringComparer.Ordinal)];

    public override void Dispose()
    {
        _listener.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            Look();
            await Task.Delay(_options.LookEvery, _clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    internal void Look()
    {
        foreach (var (name, subject) in _subjects)
        {
            var (all, slow, failed) = subject.Counts.Read();
            var enough = all >= _options.MinimumRequests;
            var who = name == Ours ? "this service's own answers" : $"the answers of {name}";
            subject.Slow.Judge(enough ? (double)slow / all : null, share => $"{share:P0} of {who} took longer than {_options.LatencyMs} ms within {_options.Window.TotalMinutes:0.#} min ({all} requests).");
            subject.Failed.Judge(enough ? (double)failed / all : null, share => $"{share:P0} of {who} were errors within {_options.Window.TotalMinutes:0.#} min ({all} requests).");
        }

        _cpu.Judge(CpuShare(), share => $"This process has used {share:P0} of its {Environment.ProcessorCount} cores for {_options.CpuWindow.TotalMinutes:0.#} min. Start more of it, or give it more cores.");
    }

    double? CpuShare()
    {
        var (now, used) = (_clock.GetTimestamp(), _cpuTime());
        _used.Enqueue((now, used));
        while (_used.Count > 2 && _clock.GetElapsedTime(_used.ElementAt(1).At, now) >= _options.CpuWindow)
        {
            _used.Dequeue();
        }

        var first = _used.Peek();
        var elapsed = _clock.GetElapsedTime(first.At, now);
        return elapsed >= _options.CpuWindow ? (used - first.Used) / elapsed / Environment.ProcessorCount : null;
    }

    void Count(bool isVendor, double seconds, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var (vendor, status, failure) = (Ours, 0, false);
        foreach (var tag in tags)
        {
            switch (tag.Key)
            {
                case "vendor" when isVendor:
                    vendor = tag.Value as string ?? Ours;
                    break;
                case "http.response.status_code":
                    status = tag.Value is int code ? code : 0;
                    break;
                case "error.type":
                    failure = tag.Value is not null;
                    break;
                default:
                    break;
            }
        }

        // A socket lasts as long as its call. What a caller does wrong is no error of whoever says so, except that too much is asked of a vendor.
        if (status == 101)
        {
            return;
        }

        var failed = status >= 500 || (isVendor && (status == 429 || (status == 0 && failure)));
        Of(vendor).Counts.Add(seconds * 1000 > _options.LatencyMs, failed);
    }

    Subject Of(string name) => _subjects.GetOrAdd(name, static (name, watch) => new Subject(
        new RequestCounts(watch._options.Window, watch._clock),
        new Threshold($"latency.{name.ToLowerInvariant()}", watch._options.SlowAbove, watch._alerts),
        new Threshold($"errors.{name.ToLowerInvariant()}", watch._options.ErrorsAbove, watch._alerts)), this);

    sealed record Subject(RequestCounts Counts, Threshold Slow, Threshold Failed);
}
