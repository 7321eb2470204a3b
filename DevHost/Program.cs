using CityMonitor.Hosting;

await using var city = await City.StartAsync(new CityOptions { Log = l => Console.WriteLine($"{l.Process}: {l.Text}") });
Console.WriteLine("ready " + city.Simulator);
await Task.Delay(-1);
