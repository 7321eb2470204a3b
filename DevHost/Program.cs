using System.CommandLine;
using CityMonitor.Hosting;

// Ctrl-C ends the processes in order; that takes longer than the two seconds that are the default.
var configuration = new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(40) };
return await CommandLine.Build().Parse(args).InvokeAsync(configuration);
