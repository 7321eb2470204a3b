namespace CityMonitor.Hosting;

/// <summary>
/// The whole system as child processes of this one: Redis, the Simulator, the services. Ends them all when disposed, and the kernel
/// ends them when this process dies.
/// </summary>
public sealed class City : IAsyncDisposable
{
    readonly CityOptions options;
    readonly List<Child> children = [];
    readonly List<FailoverPort> failovers = [];
    readonly CityLog log;
    readonly string? ownDirectory;

    City(CityOptions options)
    {
        this.options = options;
        log = new CityLog(options.Log);
        Vendors = VendorChoice.All(options.Settings);
        ownDirectory = options.RedisDirectory is null ? Directory.CreateTempSubdirectory("city-monitor-").FullName : null;
        Ports = Ports.Choose(PortNames(), options.Ports);
    }

    internal IReadOnlyList<VendorChoice> Vendors { get; }

    internal Ports Ports { get; }

    /// <summary>The Simulator's control API and its page.</summary>
    public Uri Simulator => new(Ports.Url(Topology.Simulator.Project));

    public Uri Telephony => new(Ports.Url(Topology.TelephonyApi.Project));

    public Uri Media => new(Ports.Url(Topology.MediaBridge.Project));

    /// <summary>The simulated vendor's base address, for example <c>Vendor("Freshdesk")</c>.</summary>
    public Uri Vendor(string name) => new(Ports.Url(name));

    /// <summary>In the form of ConnectionStrings:redis.</summary>
    public string Redis { get; private set; } = "";

    /// <summary>Where the records of calls are.</summary>
    public string Transcripts => options.TranscriptsDirectory ?? Path.Combine(options.RedisDirectory ?? ownDirectory!, "transcripts");

    /// <summary>Every process by name: redis, Simulator, AgentWorker, and AgentWorker#2 for a second replica.</summary>
    public IReadOnlyList<string> Processes => [.. children.Select(child => child.Spec.Name)];

    public static async Task<City> StartAsync(CityOptions? options = null, CancellationToken ct = default)
    {
        var city = new City(options ?? new CityOptions());
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
            deadline.CancelAfter(city.options.ReadyWithin);
            await city.StartRedisAsync(deadline.Token);
            await city.StartServicesAsync(deadline.Token);
            return city;
        }
        catch (Exception e)
        {
            await city.DisposeAsync();
            if (e is OperationCanceledException && !ct.IsCancellationRequested)
            {
                throw new CityStartException($"Not ready within {city.options.ReadyWithin.TotalSeconds:0} s. {city.log.Tails()}", e);
            }

            throw;
        }
    }

    /// <summary>SIGKILL, as a crash of the machine's worst kind; it is started again by itself unless told to stay down.</summary>
    public Task KillAsync(string process, bool stayDown = false) => Find(process).KillAsync(stayDown);

    /// <summary>Ends it in an orderly way; it stays down.</summary>
    public Task StopAsync(string process) => Find(process).StopAsync();

    /// <summary>Starts what was stopped and waits until it is ready.</summary>
    public async Task StartAgainAsync(string process, CancellationToken ct = default)
    {
        await Find(process).StartAsync();
        await Readiness.WaitAsync([Find(process)], log, ct);
    }

    public async Task RestartAsync(string process, CancellationToken ct = default)
    {
        await StopAsync(process);
        await StartAgainAsync(process, ct);
    }

    /// <summary>Waits until every process is ready again, for example after a kill.</summary>
    public Task ReadyAsync(CancellationToken ct = default) => Readiness.WaitAsync(children, log, ct);

    public bool IsRunning(string process) => Find(process).IsRunning;

    /// <summary>How often it was started: 1 unless it died or was restarted.</summary>
    public int StartsOf(string process) => Find(process).Starts;

    public int? ProcessIdOf(string process) => Find(process).ProcessId;

    /// <summary>The latest lines of one process, or of all.</summary>
    public IReadOnlyList<LogLine> Lines(string? process = null) => log.Lines(process);

    public async ValueTask DisposeAsync()
    {
        // Services first, then the vendors they talk to, then Redis: nobody loses what they still want to write.
        foreach (var group in children.GroupBy(child => child.Spec.Name is RedisServer.Process ? 2 : child.Spec.Name == Topology.Simulator.Project ? 1 : 0).OrderBy(g => g.Key))
        {
            await Task.WhenAll(group.Select(child => child.DisposeAsync().AsTask()));
        }

        failovers.ForEach(failover => failover.Dispose());
        Ports.Dispose();
        if (ownDirectory is not null && Directory.Exists(ownDirectory))
        {
            Directory.Delete(ownDirectory, recursive: true);
        }
    }

    async Task StartRedisAsync(CancellationToken ct)
    {
        if (VendorChoice.Find(options.Settings, ["ConnectionStrings__redis", Topology.RedisKey]) is { } given)
        {
            Redis = given;
            return;
        }

        Redis = $"127.0.0.1:{Ports["Redis"]}";
        var child = Add(RedisServer.Describe(Ports["Redis"], options.RedisDirectory ?? ownDirectory!));
        await child.StartAsync();
        while (!await RedisServer.AnswersAsync(Ports["Redis"], ct))
        {
            await Task.Delay(20, ct);
        }
    }

    async Task StartServicesAsync(CancellationToken ct)
    {
        var environment = new ServiceEnvironment(options, Ports, Vendors, Redis, Transcripts);
        if (!options.Without.Contains(Topology.Simulator.Project))
        {
            Add(Topology.Simulator.Project, Topology.Simulator, Ports[Topology.Simulator.Project], environment.OfSimulator(), Topology.Ready);
        }

        foreach (var service in Topology.Services.Where(service => !options.Without.Contains(service.Project)))
        {
            var replicas = Replicas(service);
            for (var number = 1; number <= replicas; number++)
            {
                var port = Ports[PortName(service, number)];
                Add(number == 1 ? service.Project : $"{service.Project}#{number}", service, port,
                    environment.Of(service, port, $"ws://127.0.0.1:{(service == Topology.MediaBridge ? port : Ports[Topology.MediaBridge.Project])}"), Topology.Ready);
            }

            if (replicas > 1 && service == Topology.TelephonyApi)
            {
                failovers.Add(FailoverPort.Open(Ports[service.Project], [.. Enumerable.Range(1, replicas).Select(n => Ports[PortName(service, n)])]));
            }
        }

        await Task.WhenAll(children.Select(child => child.StartAsync()));
        await Readiness.WaitAsync(children, log, ct);
    }

    void Add(string name, ServiceSpec service, int port, IReadOnlyDictionary<string, string?> environment, string ready)
    {
        var program = Artifacts.ServiceOf(service.Project);
        Add(new ChildSpec(name, Artifacts.Dotnet, [program], Path.GetDirectoryName(program)!, environment) { Ready = new Uri($"http://127.0.0.1:{port}{ready}") });
    }

    Child Add(ChildSpec spec)
    {
        var child = new Child(spec, log.Write, options.StopWithin);
        children.Add(child);
        return child;
    }

    Child Find(string process) =>
        children.Find(child => child.Spec.Name.Equals(process, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"There is no process '{process}'; there are {string.Join(", ", Processes)}.", nameof(process));

    int Replicas(ServiceSpec service) => Math.Max(1, options.Replicas.GetValueOrDefault(service.Project, 1));

    // The only or first replica has the service's own port; with several TelephonyApis that port is the one that fails over.
    string PortName(ServiceSpec service, int number) =>
        service == Topology.TelephonyApi && Replicas(service) > 1 ? $"{service.Project}#{number}"
        : number == 1 ? service.Project : $"{service.Project}#{number}";

    IEnumerable<string> PortNames() =>
    [
        "Redis", Topology.Simulator.Project, .. Topology.Vendors.Select(vendor => vendor.Name), .. Topology.Services.Select(service => service.Project),
        .. Topology.Services.Where(service => Replicas(service) > 1).SelectMany(service => Enumerable.Range(1, Replicas(service)).Select(n => $"{service.Project}#{n}")),
    ];
}
