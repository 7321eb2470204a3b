using System.Net;
using System.Net.Sockets;

namespace CityMonitor.Hosting;

/// <summary>
/// The ports of one city: given ones are checked, the others are free ones below those that systems hand out to outgoing connections,
/// so that nobody takes one before its process listens, or while it is started again.
/// </summary>
sealed class Ports
{
    const int FirstFree = 10_000;
    const int LastFree = 32_000;

    readonly Dictionary<string, int> byName;

    Ports(Dictionary<string, int> byName) => this.byName = byName;

    public int this[string name] => byName[name];

    public string Url(string name, string scheme = "http") => $"{scheme}://127.0.0.1:{byName[name]}";

    public static Ports Choose(IEnumerable<string> names, IReadOnlyDictionary<string, int> given)
    {
        var chosen = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var held = new List<TcpListener>();
        try
        {
            foreach (var name in names)
            {
                var listener = given.TryGetValue(name, out var port) && port != 0 ? Listen(name, port) : ListenAnywhere();
                // Held until all are chosen, so that no port is given out twice.
                held.Add(listener);
                chosen[name] = ((IPEndPoint)listener.LocalEndpoint).Port;
            }
        }
        finally
        {
            held.ForEach(listener => listener.Dispose());
        }

        return new Ports(chosen);
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

    static TcpListener ListenAnywhere()
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                // After many misses the system's own choice: late is better than not at all.
                return Listen(tries <= 200 ? Random.Shared.Next(FirstFree, LastFree) : 0);
            }
            catch (SocketException e) when (tries <= 200 && e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
            {
            }
        }
    }

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
