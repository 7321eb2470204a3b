using CityMonitor.Simulator.Control;

// Settings, scenarios and the page lie beside the program, wherever it is started from.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.AddSimulatorHost();

var app = builder.Build();
app.UseSimulatorHost();
app.Run();
