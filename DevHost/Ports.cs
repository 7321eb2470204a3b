using System.Net;
using System.Net.Sockets;

namespace CityMonitor.Hosting;

/// <summary>The ports of one city: given ones are checked, the others are free ones of the machine's choice.</summary>
sealed class Ports
{
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
                var listener = new TcpListener(IPAddress.Loopback, given.GetValueOrDefault(name));
                try
                {
                    listener.Start();
                }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
                {
                    throw new CityStartException(
                        $"Port {given[name]}, which {name} needs, is in use{(e.SocketErrorCode is SocketError.AccessDenied ? " or not allowed" : "")}. " +
                        $"End what listens there (ss -ltnp 'sport = :{given[name]}' shows it), or give {name} another port: ./run.sh --port {name}={given[name] + 1000}, or --free-ports for all of them.", e);
                }

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
}
