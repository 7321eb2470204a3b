using System.Diagnostics;

namespace CityMonitor.Hosting;

/// <summary>How a child is started; the same again after it died.</summary>
sealed record ChildSpec(string Name, string Program, IReadOnlyList<string> Arguments, string Directory, IReadOnlyDictionary<string, string?> Environment)
{
    /// <summary>Answers 2xx once the process can work; null where there is nothing to ask.</summary>
    public Uri? Ready { get; init; }

    /// <summary>It starts processes itself.</summary>
    public bool HasChildren { get; init; }
}

/// <summary>One process of the city, kept alive: when it dies it is started again, after 0.2 s at first and 10 s at most.</summary>
sealed class Child(ChildSpec spec, Action<LogLine> log, TimeSpan stopWithin) : IAsyncDisposable
{
    static readonly TimeSpan firstWait = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan longestWait = TimeSpan.FromSeconds(10);
    static readonly TimeSpan healthyAfter = TimeSpan.FromSeconds(30);

    readonly SemaphoreSlim gate = new(1);
    Process? process;
    Task keeper = Task.CompletedTask;
    CancellationTokenSource wanted = new();

    public ChildSpec Spec => spec;

    public int Starts { get; private set; }

    public bool IsRunning => process is { HasExited: false };

    public int? ProcessId => process?.Id;

    /// <summary>Why it ended last; null while it never did.</summary>
    public string? LastExit { get; private set; }

    public async Task StartAsync()
    {
        await gate.WaitAsync();
        try
        {
            if (!keeper.IsCompleted)
            {
                return;
            }

            wanted.Dispose();
            wanted = new CancellationTokenSource();
            var first = await LaunchAsync();
            keeper = KeepAsync(first, wanted.Token);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>SIGTERM, and SIGKILL where that is not enough; it stays down until started again.</summary>
    public Task StopAsync() => EndAsync(Platform.Terminate);

    /// <summary>SIGKILL: nothing is finished, flushed or said goodbye to.</summary>
    /// <param name="stayDown">False: it comes back as after any death.</param>
    public async Task KillAsync(bool stayDown)
    {
        if (stayDown)
        {
            await EndAsync(Platform.Kill);
        }
        else if (process is { } running)
        {
            Platform.Kill(running);
            await EndOf(running);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        process?.Dispose();
        wanted.Dispose();
        gate.Dispose();
    }

    async Task EndAsync(Action<Process> signal)
    {
        await gate.WaitAsync();
        try
        {
            await wanted.CancelAsync();
            if (process is { HasExited: false } running)
            {
                signal(running);
                try
                {
                    await EndOf(running).WaitAsync(stopWithin);
                }
                catch (TimeoutException)
                {
                    Say($"did not end within {stopWithin.TotalSeconds:0.#} s and is killed");
                    Platform.Kill(running);
                }
            }

            await keeper;
        }
        finally
        {
            gate.Release();
        }
    }

    async Task KeepAsync(Process running, CancellationToken stopped)
    {
        var wait = firstWait;
        while (true)
        {
            var since = Stopwatch.GetTimestamp();
            await EndOf(running);
            LastExit = $"exit code {running.ExitCode}";
            if (stopped.IsCancellationRequested)
            {
                return;
            }

            wait = Stopwatch.GetElapsedTime(since) > healthyAfter ? firstWait : wait;
            Say($"ended with {LastExit}; it is started again in {wait.TotalSeconds:0.#} s");
            try
            {
                await Task.Delay(wait, stopped);
                running = await LaunchAsync();
            }
            catch (OperationCanceledException)
            {
                return;
            }

            wait = wait * 2 < longestWait ? wait * 2 : longestWait;
        }
    }

    async Task<Process> LaunchAsync()
    {
        var started = await Platform.StartAsync(spec.Program, spec.Arguments, spec.Directory, spec.Environment, spec.HasChildren);
        started.OutputDataReceived += (_, line) => Pass(line.Data);
        started.ErrorDataReceived += (_, line) => Pass(line.Data);
        started.BeginOutputReadLine();
        started.BeginErrorReadLine();
        process = started;
        Starts++;
        return started;
    }

    // Process.WaitForExitAsync also waits until nobody holds the output any more, and a grandchild may hold it for ever.
    static Task EndOf(Process running)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        running.Exited += (_, _) => ended.TrySetResult();
        running.EnableRaisingEvents = true;
        if (running.HasExited)
        {
            ended.TrySetResult();
        }

        return ended.Task;
    }

    void Pass(string? text)
    {
        if (!string.IsNullOrWhiteSpace(text))
        {
            log(new LogLine(DateTimeOffset.UtcNow, spec.Name, text));
        }
    }

    void Say(string text) => log(new LogLine(DateTimeOffset.UtcNow, spec.Name, $"[host] {spec.Name} {text}"));
}
