using System.Net;
using System.Net.Sockets;

namespace CityMonitor.Hosting;

/// <summary>
/// The ports of one city: given ones are checked, the others are free ones below those that systems hand out to outgoing connections,
/// so that nobody takes one before its process listens, or while it is started again. A locked file for each keeps other cities of this
/// machine off it as long as this one stands.
/// </summary>
sealed class Ports : IDisposable
{
    const int FirstFree = 10_000;
    const int LastFree = 32_000;

    readonly Dictionary<string, int> byName;
    readonly List<FileStream> reserved;

    Ports(Dictionary<string, int> byName, List<FileStream> reserved) => (this.byName, this.reserved) = (byName, reserved);

    public int this[string name] => byName[name];

    public string Url(string name, string scheme = "http") => $"{scheme}://127.0.0.1:{byName[name]}";

    public static Ports Choose(IEnumerable<string> names, IReadOnlyDictionary<string, int> given)
    {
        var chosen = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var held = new List<TcpListener>();
        var reserved = new List<FileStream>();
        try
        {
            foreach (var name in names)
            {
                var listener = given.TryGetValue(name, out var port) && port != 0 ? Listen(name, port) : ListenAnywhere(reserved);
                // Held until all are chosen, so that no port is given out twice.
                held.Add(listener);
                chosen[name] = ((IPEndPoint)listener.LocalEndpoint).Port;
            }
        }
        finally
        {
            held.ForEach(listener => listener.Dispose());
        }

        return new Ports(chosen, reserved);
    }

    static TcpListener Listen(string name, int port)
    {
        try
        {
            return Listen(port);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            throw new CityStartException(
                $"Port {port}, which {name} needs, is in use{(e.SocketErrorCode is SocketError.AccessDenied ? " or not allowed" : "")}. " +
                $"End what listens there (ss -ltnp 'sport = :{port}' shows it), or give {name} another port: ./run.sh --port {name}={port + 1000}, or --free-ports for all of them.", e);
        }
    }

    static TcpListener ListenAnywhere(List<FileStream> reserved)
    {
        for (var tries = 1; tries <= 200; tries++)
        {
            var port = Random.Shared.Next(FirstFree, LastFree);
            if (TryReserve(port) is not { } file)
            {
                continue;
            }

            try
            {
                var listener = Listen(port);
                reserved.Add(file);
                return listener;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
            {
                file.Dispose();
            }
        }

        // The system's own choice may be taken once more before it is used: late is better than not at all.
        return Listen(0);
    }

    // The kernel lets go of the lock when its process dies, however it dies.
    static FileStream? TryReserve(int port)
    {
        try
        {
            var directory = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "city-monitor-ports"));
            return new FileStream(Path.Combine(directory.FullName, $"{port}"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Dispose() => reserved.ForEach(file => file.Dispose());

    static TcpListener Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }
}
