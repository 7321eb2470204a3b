using CityMonitor.MediaBridge;
using CityMonitor.MediaBridge.Sessions;
using CityMonitor.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddCityMonitor("MediaBridge");
builder.AddMediaBridge();

var app = builder.Build();
app.UseCityMonitor();
app.MapMedia();
app.Run();
